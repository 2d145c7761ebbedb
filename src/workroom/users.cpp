// SPDX-License-Identifier: Apache-2.0
#include "workroom/users.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "workroom/small_files.h"

namespace strongroom::workroom {
namespace {

constexpr std::size_t kLongest = 1UL << 20U;

std::optional<unsigned> number_of(std::string_view text) {
  unsigned out = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty() ||
      out == static_cast<unsigned>(-1))
    return std::nullopt;
  return out;
}

/// Field `index` of the line whose field `match` is `wanted` (passwd(5), group(5)).
std::optional<std::string> look_up(std::string_view text, std::size_t match,
                                   std::string_view wanted, std::size_t index) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::vector<std::string_view> fields;
    for (std::size_t at = 0; at <= line.size();) {
      const auto colon = std::min(line.find(':', at), line.size());
      fields.push_back(line.substr(at, colon - at));
      at = colon + 1;
    }
    if (fields.size() > std::max(match, index) && fields[match] == wanted)
      return std::string(fields[index]);
  }
  return std::nullopt;
}

}  // namespace

Result<UserAndHome> find_user(std::string_view passwd, std::string_view groups,
                              const std::string& user) {
  const std::string name = user.substr(0, user.find(':'));
  const bool has_group = user.find(':') != std::string::npos;
  const std::string group = has_group ? user.substr(user.find(':') + 1) : std::string();
  UserAndHome out;
  const auto number = name.empty() ? std::optional<unsigned>(0) : number_of(name);
  const std::size_t match = number ? 2 : 0;
  const std::string key = number ? std::to_string(*number) : name;
  const auto uid = look_up(passwd, match, key, 2);
  if (!number && !uid) return fail(Code::NotFound, "the image has no user '" + name + "'");
  out.user = number ? *number : number_of(*uid).value_or(65534);
  out.group = number_of(look_up(passwd, match, key, 3).value_or("0")).value_or(0);
  out.home = look_up(passwd, match, key, 5).value_or(out.user == 0 ? "/root" : "/");
  if (!has_group) return out;
  if (const auto gid = number_of(group)) {
    out.group = *gid;
    return out;
  }
  const auto gid = number_of(look_up(groups, 0, group, 2).value_or(""));
  if (!gid) return fail(Code::NotFound, "the image has no group '" + group + "'");
  out.group = *gid;
  return out;
}

Result<UserAndHome> user_of(const std::string& root, const std::string& user) {
  const std::string passwd = read_small_file_in(root, "etc/passwd", kLongest).value_or("");
  const std::string groups = read_small_file_in(root, "etc/group", kLongest).value_or("");
  return find_user(passwd, groups, user);
}

}  // namespace strongroom::workroom
