#include "redis_socket.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <utility>

namespace turngate::state {
namespace {

Reply own(const redisReply& from)
{
    Reply reply;
    switch (from.type) {
    case REDIS_REPLY_INTEGER:
        reply.kind = Reply::Kind::integer;
        reply.integer = from.integer;
        break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        reply.kind = Reply::Kind::text;
        reply.text.assign(from.str, from.len);
        break;
    case REDIS_REPLY_ERROR:
        reply.kind = Reply::Kind::error;
        reply.text.assign(from.str, from.len);
        break;
    case REDIS_REPLY_ARRAY:
        reply.kind = Reply::Kind::list;
        for (std::size_t i = 0; i < from.elements; ++i)
            reply.items.push_back(own(*from.element[i]));
        break;
    default: // nil
        break;
    }
    return reply;
}

std::string why(const redisAsyncContext& context)
{
    return context.c.errstr[0] ? context.c.errstr : "closed";
}

} // namespace

// Tells hiredis when its descriptor is ready. Waits outlive the context they were begun for, so
// they share this; `context` is null once hiredis has let go.
struct RedisSocket::Watch : std::enable_shared_from_this<Watch>
{
    using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

    struct Direction
    {
        Descriptor::wait_type type;
        void (*handle)(redisAsyncContext*);
        bool is_wanted = false;
        bool is_waiting = false;
    };

    Watch(net::Loop& loop, redisAsyncContext* its_context)
        : descriptor(loop.context(), its_context->c.fd), context(its_context)
    {
    }

    void want(Direction& direction)
    {
        direction.is_wanted = true;
        if (std::exchange(direction.is_waiting, true))
            return;
        const auto on_ready = [self = shared_from_this(),
                               &direction](boost::system::error_code error) {
            direction.is_waiting = false;
            if (error || !self->context || !direction.is_wanted)
                return;
            direction.handle(self->context); // may be the end of the context
            if (self->context && direction.is_wanted)
                self->want(direction);
        };
        descriptor.async_wait(direction.type, on_ready);
    }

    // A socket is nearly always writable: to write when this handler returns takes two system calls
    // less than to ask first. What did not fit then waits.
    void want_write()
    {
        if (!is_connected || is_flushing)
            return want(write);
        write.is_wanted = true;
        if (!std::exchange(write.is_waiting, true))
            net::asio::post(descriptor.get_executor(),
                            [self = shared_from_this()] { self->flush(); });
    }

    void flush()
    {
        write.is_waiting = false;
        if (!context || !write.is_wanted)
            return;
        is_flushing = true;
        redisAsyncHandleWrite(context);
        is_flushing = false;
    }

    void let_go()
    {
        context = nullptr;
        descriptor.release(); // hiredis closes it
    }

    Descriptor descriptor;
    redisAsyncContext* context;
    bool is_connected = false;
    bool is_flushing = false;
    Direction read{Descriptor::wait_read, redisAsyncHandleRead};
    Direction write{Descriptor::wait_write, redisAsyncHandleWrite};
};

// What hiredis calls. `data` is null for a socket that has closed.
struct RedisSocket::Hooks
{
    static std::shared_ptr<Watch>& watch(void* data)
    {
        return *static_cast<std::shared_ptr<Watch>*>(data);
    }
    static RedisSocket* socket(const redisAsyncContext* context)
    {
        return static_cast<RedisSocket*>(context->data);
    }

    static void add_read(void* data) { watch(data)->want(watch(data)->read); }
    static void del_read(void* data) { watch(data)->read.is_wanted = false; }
    static void add_write(void* data) { watch(data)->want_write(); }
    static void del_write(void* data) { watch(data)->write.is_wanted = false; }
    static void cleanup(void* data)
    {
        watch(data)->let_go();
        delete static_cast<std::shared_ptr<Watch>*>(data);
    }

    static void connected(const redisAsyncContext* context, int status)
    {
        RedisSocket* self = socket(context);
        watch(context->ev.data)->is_connected = status == REDIS_OK;
        if (self && status == REDIS_OK)
            self->listener_.on_connected();
        else if (self)
            self->lose(why(*context));
    }
    static void disconnected(const redisAsyncContext* context, int)
    {
        if (RedisSocket* self = socket(context))
            self->lose(why(*context));
    }
    static void replied(redisAsyncContext* context, void* reply, void*)
    {
        if (RedisSocket* self = socket(context); self && reply)
            self->listener_.on_reply(own(*static_cast<redisReply*>(reply)));
    }
    static void messaged(redisAsyncContext* context, void* reply, void*)
    {
        if (RedisSocket* self = socket(context); self && reply)
            self->listener_.on_message(own(*static_cast<redisReply*>(reply)));
    }
};

RedisSocket::~RedisSocket()
{
    close();
}

void RedisSocket::open_tcp(const std::string& address, std::uint16_t port)
{
    redisAsyncContext* context = redisAsyncConnect(address.c_str(), port);
    if (context && !context->err)
        redisEnableKeepAlive(&context->c); // a subscriber only reads: how else would it know
    adopt(context);
}

void RedisSocket::open_unix(const std::string& path)
{
    adopt(redisAsyncConnectUnix(path.c_str()));
}

void RedisSocket::adopt(redisAsyncContext* context)
{
    context_ = context;
    if (!context || context->err) {
        const std::string reason = context ? why(*context) : "out of memory";
        close();
        listener_.on_lost(reason);
        return;
    }
    context->data = this;
    context->ev.data = new std::shared_ptr<Watch>(std::make_shared<Watch>(loop_, context));
    context->ev.addRead = Hooks::add_read;
    context->ev.delRead = Hooks::del_read;
    context->ev.addWrite = Hooks::add_write;
    context->ev.delWrite = Hooks::del_write;
    context->ev.cleanup = Hooks::cleanup;
    redisAsyncSetDisconnectCallback(context, Hooks::disconnected);
    redisAsyncSetConnectCallback(context, Hooks::connected); // asks for the first write
}

// hiredis frees the context when its callback returns.
void RedisSocket::lose(std::string_view why)
{
    context_->data = nullptr;
    context_ = nullptr;
    listener_.on_lost(why);
}

void RedisSocket::send(const Command& command)
{
    std::vector<const char*> words;
    std::vector<std::size_t> sizes;
    for (const std::string& word : command) {
        words.push_back(word.data());
        sizes.push_back(word.size());
    }
    redisAsyncCommandArgv(context_,
                          Hooks::replied,
                          nullptr,
                          static_cast<int>(words.size()),
                          words.data(),
                          sizes.data());
}

void RedisSocket::subscribe(const std::string& channel)
{
    redisAsyncCommand(
        context_, Hooks::messaged, nullptr, "SUBSCRIBE %b", channel.data(), channel.size());
}

void RedisSocket::close() noexcept
{
    redisAsyncContext* context = std::exchange(context_, nullptr);
    if (!context)
        return;
    context->data = nullptr;
    redisAsyncFree(context); // at once, or when the callback that we are in returns
}

} // namespace turngate::state
