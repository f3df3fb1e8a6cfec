#include "tokenizer.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include <simdjson.h>

namespace turngate::protocol {
namespace {

constexpr std::size_t kKept = 64 * 1024; // bytes of frame that fit without an allocation

void require(simdjson::error_code error)
{
    if (error)
        throw std::bad_alloc(); // the only way for setting a capacity to fail
}

} // namespace

struct Tokenizer::Stage
{
    std::unique_ptr<simdjson::internal::dom_parser_implementation> implementation;
    std::unique_ptr<std::uint8_t[]> buffer; // the frame, with the padding that simdjson asks for
    std::size_t capacity = 0;

    Stage()
    {
        const simdjson::implementation* const best = simdjson::get_active_implementation();
        require(best->create_dom_parser_implementation(kKept, 1, implementation));
        resize(kKept);
    }

    void resize(std::size_t size)
    {
        buffer = std::make_unique_for_overwrite<std::uint8_t[]>(size + simdjson::SIMDJSON_PADDING);
        require(implementation->set_capacity(size));
        capacity = size;
    }

    const std::uint8_t* copy(std::string_view frame)
    {
        std::ranges::copy(frame, buffer.get());
        std::memset(buffer.get() + frame.size(), ' ', simdjson::SIMDJSON_PADDING);
        return buffer.get();
    }
};

Tokenizer::Tokenizer() : stage_(std::make_unique<Stage>()) {}
Tokenizer::~Tokenizer() = default;

std::span<const std::uint32_t> Tokenizer::cut(std::string_view frame)
{
    if (frame.size() > stage_->capacity)
        stage_->resize(frame.size());
    auto& stage = *stage_->implementation;
    if (stage.stage1(stage_->copy(frame), frame.size(), simdjson::stage1_mode::regular))
        return {};
    return {stage.structural_indexes.get(), stage.n_structural_indexes + std::size_t{1}};
}

void Tokenizer::shrink()
{
    if (stage_->capacity > kKept)
        stage_->resize(kKept);
}

} // namespace turngate::protocol
