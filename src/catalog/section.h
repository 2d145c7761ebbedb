// Section: one table of a TOML file with its place, so that every error names file and line.
// Used by: parse*.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strongroom::catalog {

class Section {
 public:
  Section(const std::string& file, const toml::table& table) : file_(file), table_(table) {}

  /// "FILE:LINE: what", at the member `name` if it is there, else at the table's first line.
  [[nodiscard]] std::unexpected<Error> mistake(std::string_view name,
                                               const std::string& what) const {
    return mistake_at(table_.get(name), what);
  }
  [[nodiscard]] std::unexpected<Error> mistake_at(const toml::node* node,
                                                  const std::string& what) const {
    const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
    return fail(Code::Invalid, file_ + ":" + std::to_string(line == 0 ? 1 : line) + ": " + what);
  }
  [[nodiscard]] bool has(std::string_view name) const { return table_.contains(name); }

  /// No member but these.
  [[nodiscard]] Status only(std::initializer_list<std::string_view> known) const {
    for (const auto& [name, node] : table_)
      if (std::find(known.begin(), known.end(), name.str()) == known.end())
        return mistake_at(&node, "unknown member '" + std::string(name.str()) + "'");
    return {};
  }

  [[nodiscard]] Status text(std::string_view name, std::string& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_string()) return mistake_at(node, quoted(name) + " must be text");
    into = node->as_string()->get();
    return {};
  }
  [[nodiscard]] Status required_text(std::string_view name, std::string& into) const {
    STRONGROOM_CHECKED(text(name, into));
    if (!has(name)) return mistake(name, quoted(name) + " is missing");
    if (into.empty()) return mistake(name, quoted(name) + " is empty");
    return {};
  }
  /// Each of the list is text, none empty, none twice.
  [[nodiscard]] Status texts(std::string_view name, std::vector<std::string>& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_array()) return mistake_at(node, quoted(name) + " must be a list of texts");
    for (const auto& item : *node->as_array()) {
      if (!item.is_string() || item.as_string()->get().empty())
        return mistake_at(&item, quoted(name) + " must be a list of texts, none empty");
      const std::string& each = item.as_string()->get();
      if (std::find(into.begin(), into.end(), each) != into.end())
        return mistake_at(&item, quoted(name) + " holds '" + each + "' twice");
      into.push_back(each);
    }
    return {};
  }
  [[nodiscard]] Status number(std::string_view name, long least, long most, long& into) const {
    const auto* node = table_.get(name);
    return node == nullptr ? Status() : number_at(*node, name, least, most, into);
  }
  [[nodiscard]] Status numbers(std::string_view name, long least, long most,
                               std::vector<int>& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_array()) return mistake_at(node, quoted(name) + " must be a list of numbers");
    for (const auto& item : *node->as_array()) {
      long each = 0;
      STRONGROOM_CHECKED(number_at(item, name, least, most, each));
      into.push_back(static_cast<int>(each));
    }
    return {};
  }
  [[nodiscard]] Status flag(std::string_view name, bool& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_boolean()) return mistake_at(node, quoted(name) + " must be true or false");
    into = node->as_boolean()->get();
    return {};
  }

  /// Calls each(Section) for every table of [[name]].
  template <class Each>
  [[nodiscard]] Status tables(std::string_view name, Each&& each) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_array())
      return mistake_at(node, "write [[" + std::string(name) + "]]: there may be several");
    for (const auto& item : *node->as_array()) {
      if (!item.is_table()) return mistake_at(&item, quoted(name) + " must hold tables");
      STRONGROOM_CHECKED(each(Section(file_, *item.as_table())));
    }
    return {};
  }
  /// Calls each(Section) for [name], if it is there.
  template <class Each>
  [[nodiscard]] Status table(std::string_view name, Each&& each) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_table()) return mistake_at(node, quoted(name) + " must be a table");
    return each(Section(file_, *node->as_table()));
  }
  /// Calls each(name, text) for every member of the table `name`, which holds texts only.
  template <class Each>
  [[nodiscard]] Status text_members(std::string_view name, Each&& each) const {
    return table(name, [&](const Section& members) -> Status {
      for (const auto& [key, node] : members.table_) {
        if (!node.is_string()) return members.mistake_at(&node, quoted(name) + " must hold texts");
        STRONGROOM_CHECKED(each(members, std::string(key.str()), node.as_string()->get()));
      }
      return {};
    });
  }

  static std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

 private:
  [[nodiscard]] Status number_at(const toml::node& node, std::string_view name, long least,
                                 long most, long& into) const {
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() < least || number->get() > most)
      return mistake_at(&node, quoted(name) + " must be a number from " + std::to_string(least) +
                                   " to " + std::to_string(most));
    into = number->get();
    return {};
  }

  const std::string& file_;
  const toml::table& table_;
};

}  // namespace strongroom::catalog
