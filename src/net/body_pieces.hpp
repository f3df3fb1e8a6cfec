#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace turngate::net {

// A body for Beast's parser that copies nothing: views into what the parser was fed, in order, for
// whoever takes them before it is fed again.
struct BodyPieces
{
    using value_type = std::vector<std::string_view>;

    class reader
    {
    public:
        template <bool is_request, class Fields>
        reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body)
        {
        }
        void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error)
        {
            error = {};
        }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::system::error_code& error)
        {
            error = {};
            for (auto at = boost::asio::buffer_sequence_begin(buffers);
                 at != boost::asio::buffer_sequence_end(buffers);
                 ++at)
                body_.emplace_back(static_cast<const char*>(at->data()), at->size());
            return boost::asio::buffer_size(buffers);
        }
        void finish(boost::system::error_code& error) { error = {}; }

    private:
        value_type& body_;
    };
};

} // namespace turngate::net
