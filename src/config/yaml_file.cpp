#include "turngate/config/yaml_file.hpp"

#include "turngate/core/bytes.hpp"

#include "document.hpp"
#include "file.hpp"
#include "variables.hpp"

namespace turngate::config {
namespace {

std::optional<std::string> read_marked(Report& report)
{
    FileText file = read_file(report.file());
    if (!file.fault.empty()) {
        report.complain({}, "", std::move(file.fault));
        return std::nullopt;
    }
    if (!core::is_utf8(file.text)) {
        report.complain({}, "", "is not UTF-8");
        return std::nullopt;
    }
    return mark_variables(file.text);
}

} // namespace

void read_yaml_file(Report& report, const std::function<void(Section&)>& read)
{
    const auto yaml = read_marked(report);
    if (!yaml)
        return;
    const auto root = parse_document(*yaml, report);
    if (!root)
        return;
    check_duplicates(*root, report);
    const Value whole(report, &*root, "", {1, 1});
    if (whole.is_given() && !whole.is_map())
        return whole.complain("must be a mapping");
    Section section = whole.section();
    read(section);
}

} // namespace turngate::config
