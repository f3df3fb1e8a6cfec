#include "turngate/net/content_coding.hpp"

#include "turngate/net/http.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace turngate::net {

// One coding. Gives what it decodes to `step`, piece by piece; false from that ends it.
class ContentDecoder::Stage
{
public:
    virtual ~Stage() = default;

    enum class Step : std::uint8_t { more, done, corrupt };
    // Takes from `in`, gives into `out` (`given` bytes). done: `in` is used up and nothing is left.
    virtual Step step(std::string_view& in, std::span<char> out, std::size_t& given) = 0;
    virtual bool is_complete() const = 0;
};

namespace {

constexpr std::size_t kMostCodings = 2;     // http.md section 5
constexpr std::size_t kStep = 32 * 1024;    // decoded at a time
constexpr int kZstdWindowLog = 23;          // 8 MiB: all that RFC 9659 lets a sender use
constexpr int kGzipWindow = MAX_WBITS + 16; // with gzip's head

using Step = ContentDecoder::Stage::Step;

class Zlib final : public ContentDecoder::Stage
{
public:
    enum class Form : std::uint8_t { gzip, deflate };

    explicit Zlib(Form form) : form_(form) {}
    ~Zlib() override
    {
        if (is_begun_)
            ::inflateEnd(&state_);
    }
    Zlib(const Zlib&) = delete;
    Zlib& operator=(const Zlib&) = delete;

    Step step(std::string_view& in, std::span<char> out, std::size_t& given) override
    {
        given = 0;
        if (in.empty() && !has_more_)
            return Step::done;
        if (is_complete_ && form_ == Form::deflate)
            return Step::corrupt; // nothing may stand behind it
        if (!is_begun_ && !begin(in))
            return Step::corrupt;
        if (std::exchange(is_complete_, false)) // another member of the gzip file
            ::inflateReset(&state_);
        state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        state_.avail_in = static_cast<uInt>(in.size());
        state_.next_out = reinterpret_cast<Bytef*>(out.data());
        state_.avail_out = static_cast<uInt>(out.size());
        const int result = ::inflate(&state_, Z_NO_FLUSH);
        given = out.size() - state_.avail_out;
        in.remove_prefix(in.size() - state_.avail_in);
        is_complete_ = result == Z_STREAM_END;
        if (!is_complete_ && result != Z_OK && result != Z_BUF_ERROR)
            return Step::corrupt;
        has_more_ = state_.avail_out == 0 && !is_complete_; // it keeps what found no room
        return in.empty() && !has_more_ ? Step::done : Step::more;
    }
    bool is_complete() const override { return is_complete_; }

private:
    // "deflate" is zlib's format by the book, and without its two bytes from some who send it.
    bool begin(std::string_view in)
    {
        int window = kGzipWindow;
        if (form_ == Form::deflate)
            window = (in.front() & 0x0f) == Z_DEFLATED ? MAX_WBITS : -MAX_WBITS;
        is_begun_ = ::inflateInit2(&state_, window) == Z_OK;
        return is_begun_;
    }

    const Form form_;
    z_stream state_{};
    bool is_begun_ = false;
    bool has_more_ = false;
    bool is_complete_ = false;
};

class Zstd final : public ContentDecoder::Stage
{
public:
    Zstd() : state_(::ZSTD_createDStream())
    {
        if (state_)
            ::ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
    }

    Step step(std::string_view& in, std::span<char> out, std::size_t& given) override
    {
        given = 0;
        if (!state_)
            return Step::corrupt;
        ZSTD_inBuffer from{in.data(), in.size(), 0};
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        const std::size_t result = ::ZSTD_decompressStream(state_.get(), &to, &from);
        if (::ZSTD_isError(result))
            return Step::corrupt;
        given = to.pos;
        if (from.pos > 0 || to.pos > 0)
            is_complete_ = result == 0;
        in.remove_prefix(from.pos);
        return in.empty() && to.pos < to.size ? Step::done : Step::more;
    }
    bool is_complete() const override { return is_complete_; }

private:
    struct Free
    {
        void operator()(ZSTD_DStream* state) const noexcept { ::ZSTD_freeDStream(state); }
    };
    std::unique_ptr<ZSTD_DStream, Free> state_;
    bool is_complete_ = false;
};

std::unique_ptr<ContentDecoder::Stage> stage_for(std::string_view coding)
{
    if (equal_without_case(coding, "zstd"))
        return std::make_unique<Zstd>();
    if (equal_without_case(coding, "gzip") || equal_without_case(coding, "x-gzip"))
        return std::make_unique<Zlib>(Zlib::Form::gzip);
    if (equal_without_case(coding, "deflate"))
        return std::make_unique<Zlib>(Zlib::Form::deflate);
    return nullptr;
}

std::string_view trim(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

std::optional<ContentDecoder> ContentDecoder::make(std::string_view codings, std::uint64_t most)
{
    std::vector<std::unique_ptr<Stage>> stages;
    while (!codings.empty()) {
        const auto comma = codings.rfind(',');
        const std::string_view coding =
            trim(comma == codings.npos ? codings : codings.substr(comma + 1));
        codings = codings.substr(0, comma == codings.npos ? 0 : comma);
        if (coding.empty() || equal_without_case(coding, "identity"))
            continue;
        auto stage = stage_for(coding);
        if (!stage || stages.size() == kMostCodings)
            return std::nullopt;
        stages.push_back(std::move(stage));
    }
    return ContentDecoder(std::move(stages), most);
}

ContentDecoder::ContentDecoder(std::vector<std::unique_ptr<Stage>> stages, std::uint64_t most)
    : stages_(std::move(stages)), brought_(stages_.size() + 1), most_(most)
{
}

ContentDecoder::~ContentDecoder() = default;
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;

ContentDecoder::Verdict ContentDecoder::feed(std::string_view bytes, std::string& to)
{
    return feed(0, bytes, to);
}

// What a stage is given counts as brought by the one before it.
ContentDecoder::Verdict ContentDecoder::feed(std::size_t at,
                                             std::string_view bytes,
                                             std::string& to)
{
    brought_[at] += bytes.size();
    if (brought_[at] > most_)
        return Verdict::too_large;
    if (at == stages_.size()) {
        to.append(bytes);
        return Verdict::fine;
    }
    std::array<char, kStep> out;
    for (;;) {
        std::size_t given = 0;
        const Step step = stages_[at]->step(bytes, out, given);
        if (step == Step::corrupt)
            return Verdict::corrupt;
        if (given > 0) {
            const Verdict verdict = feed(at + 1, {out.data(), given}, to);
            if (verdict != Verdict::fine)
                return verdict;
        }
        if (step == Step::done)
            return Verdict::fine;
    }
}

ContentDecoder::Verdict ContentDecoder::finish() const
{
    const bool is_whole =
        std::ranges::all_of(stages_, [](const auto& stage) { return stage->is_complete(); });
    return is_whole ? Verdict::fine : Verdict::corrupt;
}

} // namespace turngate::net
