#include "document.hpp"

#include "turngate/config/report.hpp"
#include "variables.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace turngate::config {
namespace {

// Far above any real file; keeps aliases of aliases from growing without bound.
constexpr std::size_t kMaxNodes = 100'000;

struct BadDocument
{
    Position at;
    std::string what;
};

Position position_of(const YAML::Mark& mark)
{
    return {mark.line + 1, mark.column + 1};
}

std::size_t size_of(const Node& node)
{
    std::size_t n = 1;
    for (const Node& child : node.children)
        n += size_of(child);
    return n;
}

// Events rather than yaml-cpp's own tree: that one loses places of nulls and never ends on a
// looping alias.
class Builder final : public YAML::EventHandler
{
public:
    Node take_root() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override
    {
        if (++documents_ > 1)
            throw BadDocument{position_of(mark), "only one YAML document is allowed in the file"};
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        add({.kind = Node::Kind::null, .at = position_of(mark)}, anchor);
    }

    void OnScalar(const YAML::Mark& mark,
                  const std::string&,
                  YAML::anchor_t anchor,
                  const std::string& value) override
    {
        add({.kind = Node::Kind::scalar, .at = position_of(mark), .text = value}, anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto found = anchored_.find(anchor);
        if (found == anchored_.end())
            throw BadDocument{position_of(mark), "the alias stands inside what it names"};
        count_ += size_of(found->second);
        Node copy = found->second;
        copy.at = position_of(mark);
        add(std::move(copy), 0);
    }

    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string&,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        open(Node::Kind::list, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark,
                    const std::string&,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        open(Node::Kind::map, mark, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open
    {
        Node node;
        std::optional<Node> key; // of a map, while its value is awaited
        YAML::anchor_t anchor;
    };

    void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor)
    {
        open_.push_back({{.kind = kind, .at = position_of(mark)}, std::nullopt, anchor});
    }

    void close()
    {
        Open done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done.node), done.anchor);
    }

    void add(Node node, YAML::anchor_t anchor)
    {
        if (++count_ > kMaxNodes)
            throw BadDocument{node.at, "the file is too large"};
        if (anchor != 0)
            anchored_.insert_or_assign(anchor, node);
        if (open_.empty())
            root_ = std::move(node);
        else if (open_.back().node.kind == Node::Kind::list)
            open_.back().node.children.push_back(std::move(node));
        else
            add_to_map(open_.back(), std::move(node));
    }

    void add_to_map(Open& map, Node node)
    {
        if (!map.key) {
            if (node.kind != Node::Kind::scalar)
                throw BadDocument{node.at, "a key must be plain text"};
            map.key = std::move(node);
            return;
        }
        node.key = unmark(map.key->text);
        node.key_at = map.key->at;
        map.key.reset();
        map.node.children.push_back(std::move(node));
    }

    Node root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchored_;
    std::size_t count_ = 0;
    int documents_ = 0;
};

void check_duplicates(const Node& node, const std::string& path, Report& report)
{
    std::map<std::string_view, int> first_lines;
    std::size_t index = 0;
    for (const Node& child : node.children) {
        const std::string child_path =
            node.kind == Node::Kind::list ? item_path(path, index++) : key_path(path, child.key);
        if (node.kind == Node::Kind::map) {
            const auto [first, is_new] = first_lines.emplace(child.key, child.key_at.line);
            if (!is_new)
                report.complain(child.key_at,
                                child_path,
                                "is given twice, first on line " + std::to_string(first->second));
        }
        check_duplicates(child, child_path, report);
    }
}

} // namespace

std::optional<Node> parse_document(const std::string& marked, Report& report)
try {
    std::istringstream in(marked);
    YAML::Parser parser(in);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
} catch (const BadDocument& bad) {
    report.complain(bad.at, "", bad.what);
    return std::nullopt;
} catch (const YAML::Exception& e) {
    report.complain(position_of(e.mark), "", "is not YAML: " + unmark(e.msg));
    return std::nullopt;
}

void check_duplicates(const Node& root, Report& report)
{
    check_duplicates(root, "", report);
}

} // namespace turngate::config
