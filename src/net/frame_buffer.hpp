#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace turngate::net {

// Bytes that grow where they lie. Unlike std::string it neither clears what is about to be read
// over nor copies a large block to grow it (realloc moves its pages), and empty it holds nothing.
class FrameBuffer
{
public:
    FrameBuffer() = default;
    ~FrameBuffer() { release(); }
    FrameBuffer(FrameBuffer&& other) noexcept;
    FrameBuffer& operator=(FrameBuffer&& other) noexcept;

    void reserve(std::size_t capacity); // never shrinks
    void release() noexcept;
    void shrink() noexcept; // gives back what a guess took too much

    void append(std::string_view bytes); // at most doubles the capacity
    // For what was written to spare() from outside.
    void commit(std::size_t n) noexcept { size_ += n; }

    std::span<char> bytes() const noexcept { return {data_, size_}; }
    std::span<char> spare() const noexcept { return {data_ + size_, capacity_ - size_}; }
    std::string_view view() const noexcept { return {data_, size_}; }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }
    bool empty() const noexcept { return size_ == 0; }

private:
    void resize_block(std::size_t capacity);

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace turngate::net
