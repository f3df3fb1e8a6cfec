#include "frame_buffer.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace turngate::net {

FrameBuffer::FrameBuffer(FrameBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0))
{
}

FrameBuffer& FrameBuffer::operator=(FrameBuffer&& other) noexcept
{
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
}

void FrameBuffer::reserve(std::size_t capacity)
{
    if (capacity > capacity_)
        resize_block(capacity);
}

void FrameBuffer::release() noexcept
{
    std::free(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
}

void FrameBuffer::shrink() noexcept
{
    if (empty())
        return release();
    if (char* const block = static_cast<char*>(std::realloc(data_, size_))) {
        data_ = block;
        capacity_ = size_;
    }
}

void FrameBuffer::append(std::string_view bytes)
{
    if (bytes.empty())
        return;
    if (bytes.size() > capacity_ - size_)
        reserve(std::max(size_ + bytes.size(), 2 * capacity_));
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
}

void FrameBuffer::resize_block(std::size_t capacity)
{
    char* const block = static_cast<char*>(std::realloc(data_, capacity));
    if (block == nullptr)
        throw std::bad_alloc();
    data_ = block;
    capacity_ = capacity;
}

} // namespace turngate::net
