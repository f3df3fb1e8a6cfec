#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::net {

// Takes the content codings off a body (RFC 9110 section 8.4): zstd, gzip (x-gzip), deflate,
// identity; at most two, the last one named first. In steps: what comes out is bounded before it is
// made (a "bomb" costs no more than `most` bytes at any stage).
class ContentDecoder
{
public:
    // `codings`: the value of content-encoding, empty for none. Nothing: one is not known here.
    static std::optional<ContentDecoder> make(std::string_view codings, std::uint64_t most);
    ~ContentDecoder();
    ContentDecoder(ContentDecoder&&) noexcept;
    ContentDecoder& operator=(ContentDecoder&&) noexcept;

    enum class Verdict : std::uint8_t { fine, corrupt, too_large };
    // Appends what these bytes bring.
    Verdict feed(std::string_view bytes, std::string& to);
    // The body is whole: what was begun must have ended.
    Verdict finish() const;

    class Stage;

private:
    ContentDecoder(std::vector<std::unique_ptr<Stage>> stages, std::uint64_t most);
    Verdict feed(std::size_t stage, std::string_view bytes, std::string& to);

    std::vector<std::unique_ptr<Stage>> stages_; // in the order of decoding
    std::vector<std::uint64_t> brought_;         // by each of them; the last: in all
    std::uint64_t most_;
};

// What may stand in content-encoding, for who is refused (RFC 9110 section 12.5.3).
inline constexpr std::string_view kAcceptedCodings = "zstd, gzip, deflate";

} // namespace turngate::net
