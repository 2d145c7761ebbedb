// SPDX-License-Identifier: Apache-2.0
#include "scim/filter.h"

#include <algorithm>
#include <array>

#include "base/small_letters.h"

namespace strongroom::scim {
namespace {

constexpr std::array<std::pair<std::string_view, Comparison>, 10> kComparisons = {
    {{"eq", Comparison::Equal},
     {"ne", Comparison::NotEqual},
     {"co", Comparison::Contains},
     {"sw", Comparison::StartsWith},
     {"ew", Comparison::EndsWith},
     {"gt", Comparison::Greater},
     {"ge", Comparison::GreaterOrEqual},
     {"lt", Comparison::Less},
     {"le", Comparison::LessOrEqual},
     {"pr", Comparison::Present}}};

std::unexpected<Error> malformed(std::string_view why) {
  return fail(Code::Invalid, "The filter is malformed: " + std::string(why) + ".", "invalidFilter");
}

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '$' || c == ':' || c == '.';
}

/// Reads from the front; what is inside brackets has the parts of one attribute for attributes.
class Parser {
 public:
  Parser(const ResourceType& type, std::string_view text) : type_(type), rest_(text) {}

  Result<Filter> whole() {
    STRONGROOM_TRY(auto filter, either(nullptr, 0));
    skip();
    if (!rest_.empty()) return malformed("something follows it");
    return filter;
  }

  Result<Path> path();

 private:
  void skip() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }
  bool take(char wanted) {
    skip();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// A word of letters that nothing of a name follows.
  bool take_word(std::string_view wanted) {
    skip();
    if (rest_.size() < wanted.size() || !is_same_name(rest_.substr(0, wanted.size()), wanted))
      return false;
    if (rest_.size() > wanted.size() && is_of_name(rest_[wanted.size()])) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  std::string_view name() {
    skip();
    const auto end = std::ranges::find_if_not(rest_, is_of_name);
    const std::string_view found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    return found;
  }

  Result<Filter> either(const Attribute* within, unsigned depth) {
    STRONGROOM_TRY(auto left, both(within, depth));
    while (take_word("or")) {
      STRONGROOM_TRY(auto right, both(within, depth));
      left = joined(Filter::Kind::Or, std::move(left), std::move(right));
    }
    return left;
  }
  Result<Filter> both(const Attribute* within, unsigned depth) {
    STRONGROOM_TRY(auto left, one(within, depth));
    while (take_word("and")) {
      STRONGROOM_TRY(auto right, one(within, depth));
      left = joined(Filter::Kind::And, std::move(left), std::move(right));
    }
    return left;
  }
  static Filter joined(Filter::Kind kind, Filter left, Filter right) {
    Filter out;
    out.kind = kind;
    out.inner.push_back(std::move(left));
    out.inner.push_back(std::move(right));
    return out;
  }
  Result<Filter> one(const Attribute* within, unsigned depth) {
    if (depth >= kDeepestFilter) return malformed("it is nested too deeply");
    if (take_word("not")) {
      if (!take('(')) return malformed("'not' is followed by '('");
      STRONGROOM_TRY(auto inner, grouped(within, depth));
      Filter out;
      out.kind = Filter::Kind::Not;
      out.inner.push_back(std::move(inner));
      return out;
    }
    if (take('(')) return grouped(within, depth);
    return expression(within, depth);
  }
  Result<Filter> grouped(const Attribute* within, unsigned depth) {
    STRONGROOM_TRY(auto inner, either(within, depth + 1));
    if (!take(')')) return malformed("a ')' is missing");
    return inner;
  }

  struct Target {
    const Attribute* attribute = nullptr;
    const Attribute* part = nullptr;
    bool is_read_over = false;
  };
  Result<Target> target(const Attribute* within);
  Result<Filter> expression(const Attribute* within, unsigned depth);
  Result<json::value> literal();

  const ResourceType& type_;
  std::string_view rest_;
};

Result<Parser::Target> Parser::target(const Attribute* within) {
  std::string_view text = name();
  if (text.empty()) return malformed("an attribute is missing");
  if (within != nullptr) {
    const Attribute* part = find_part(*within, text);
    if (part == nullptr) return malformed("it names a part that there is not");
    return Target{within, part};
  }
  if (text.size() > type_.schema.size() && text[type_.schema.size()] == ':' &&
      is_same_name(text.substr(0, type_.schema.size()), type_.schema))
    text.remove_prefix(type_.schema.size() + 1);
  if (text.find(':') != std::string_view::npos) return Target{nullptr, nullptr, true};
  const auto dot = text.find('.');
  const std::string_view first = text.substr(0, dot);
  const Attribute* attribute = find_attribute(type_, first);
  if (attribute == nullptr) {
    if (is_read_over(type_, first)) return Target{nullptr, nullptr, true};
    return malformed("it names an attribute that there is not");
  }
  if (dot == std::string_view::npos) return Target{attribute, nullptr};
  const Attribute* part = find_part(*attribute, text.substr(dot + 1));
  if (part == nullptr) return malformed("it names a part that there is not");
  return Target{attribute, part};
}

Result<Filter> Parser::expression(const Attribute* within, unsigned depth) {
  STRONGROOM_TRY(const Target target, this->target(within));
  Filter out;
  out.attribute = target.attribute;
  out.part = target.part;
  if (within == nullptr && target.attribute != nullptr && target.part == nullptr && take('[')) {
    if (target.attribute->type != Type::Complex) return malformed("'[' follows a plain attribute");
    out.kind = Filter::Kind::Values;
    STRONGROOM_TRY(auto inner, either(target.attribute, depth + 1));
    out.inner.push_back(std::move(inner));
    if (!take(']')) return malformed("a ']' is missing");
    return out;
  }
  const std::string_view word = name();
  const auto* const found = std::ranges::find_if(
      kComparisons, [&](const auto& each) { return is_same_name(each.first, word); });
  if (found == kComparisons.end()) return malformed("a comparison is missing");
  out.comparison = found->second;
  if (out.comparison == Comparison::Present) return out;
  STRONGROOM_TRY(out.value, literal());
  const bool is_ordered =
      out.comparison != Comparison::Equal && out.comparison != Comparison::NotEqual;
  if (is_ordered && !out.value.is_string()) return malformed("only texts are compared like that");
  return out;
}

/// A JSON text, number, true, false or null.
Result<json::value> Parser::literal() {
  skip();
  std::size_t size = 0;
  if (rest_.starts_with('"')) {
    for (size = 1; size < rest_.size() && rest_[size] != '"'; ++size)
      if (rest_[size] == '\\') ++size;
    ++size;
  } else {
    while (size < rest_.size() && rest_[size] != ' ' && rest_[size] != ')' && rest_[size] != ']')
      ++size;
  }
  if (size == 0 || size > rest_.size()) return malformed("a value is missing");
  auto value = parse_json(rest_.substr(0, size));
  if (!value || value->is_object() || value->is_array()) return malformed("a value is malformed");
  rest_.remove_prefix(size);
  return std::move(*value);
}

Result<Path> Parser::path() {
  const auto bad = [] { return fail(Code::Invalid, "The path is malformed.", "invalidPath"); };
  const auto target = this->target(nullptr);
  if (!target) return bad();
  Path out;
  if (target->is_read_over) return out;  // whatever follows
  out.attribute = target->attribute;
  out.part = target->part;
  if (out.part == nullptr && take('[')) {
    if (out.attribute->type != Type::Complex || !out.attribute->is_many) return bad();
    STRONGROOM_TRY(out.values, either(out.attribute, 0));
    if (!take(']')) return bad();
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      out.part = find_part(*out.attribute, name());
      if (out.part == nullptr) return bad();
    }
  }
  skip();
  if (!rest_.empty()) return bad();
  return out;
}

// ------------------------------------------------------------------------------------------------
// matching

std::string folded(std::string_view text, bool is_exact) {
  return is_exact ? std::string(text) : in_small_letters(std::string(text));
}

bool compares(Comparison comparison, const std::string& value, const std::string& wanted) {
  switch (comparison) {
    case Comparison::Equal:
      return value == wanted;
    case Comparison::NotEqual:
      return value != wanted;
    case Comparison::Contains:
      return value.find(wanted) != std::string::npos;
    case Comparison::StartsWith:
      return value.starts_with(wanted);
    case Comparison::EndsWith:
      return value.ends_with(wanted);
    case Comparison::Greater:
      return value > wanted;
    case Comparison::GreaterOrEqual:
      return value >= wanted;
    case Comparison::Less:
      return value < wanted;
    case Comparison::LessOrEqual:
      return value <= wanted;
    case Comparison::Present:
      return true;
  }
  return false;
}

bool holds(const Filter& filter, const json::value& value) {
  if (filter.comparison == Comparison::Present)
    return !value.is_null() && !(value.is_string() && value.get_string().empty());
  if (value.is_string() && filter.value.is_string()) {
    const Attribute& named = filter.part != nullptr ? *filter.part : *filter.attribute;
    return compares(filter.comparison, folded(value.get_string(), named.is_case_exact),
                    folded(filter.value.get_string(), named.is_case_exact));
  }
  const bool is_equal = value == filter.value;
  return filter.comparison == Comparison::NotEqual
             ? !is_equal
             : filter.comparison == Comparison::Equal && is_equal;
}

/// The values that a comparison looks at.
std::vector<const json::value*> looked_at(const Filter& filter, const json::value& value) {
  std::vector<const json::value*> out;
  const auto take = [&](const json::value& each) {
    const auto* object = each.if_object();
    if (object == nullptr) {
      out.push_back(&each);
      return;
    }
    if (filter.part == nullptr && filter.comparison == Comparison::Present) {
      if (!object->empty()) out.push_back(&each);
      return;
    }
    const auto* inner = object->if_contains(filter.part != nullptr ? filter.part->name : "value");
    if (inner != nullptr) out.push_back(inner);
  };
  if (const auto* list = value.if_array())
    for (const auto& each : *list) take(each);
  else
    take(value);
  return out;
}

bool compares_to(const Filter& filter, const json::value* value) {
  const bool is_missing = value == nullptr || value->is_null();
  const auto found = is_missing ? std::vector<const json::value*>() : looked_at(filter, *value);
  if (found.empty()) {  // what is not there is null
    const bool wants_null = filter.value.is_null();
    if (filter.comparison == Comparison::Equal) return wants_null;
    return filter.comparison == Comparison::NotEqual && !wants_null;
  }
  return std::ranges::any_of(found, [&](const json::value* each) { return holds(filter, *each); });
}

/// `within`: the filter is inside brackets, and the object one value.
bool matches(const Filter& filter, const json::object& object, bool is_within) {
  switch (filter.kind) {
    case Filter::Kind::And:
      return std::ranges::all_of(
          filter.inner, [&](const Filter& each) { return matches(each, object, is_within); });
    case Filter::Kind::Or:
      return std::ranges::any_of(
          filter.inner, [&](const Filter& each) { return matches(each, object, is_within); });
    case Filter::Kind::Not:
      return !matches(filter.inner.front(), object, is_within);
    case Filter::Kind::Compare: {
      if (filter.attribute == nullptr) return false;  // one that is not kept
      if (!is_within) return compares_to(filter, object.if_contains(filter.attribute->name));
      Filter inside = filter;
      inside.attribute = filter.part;
      inside.part = nullptr;
      return compares_to(inside, object.if_contains(filter.part->name));
    }
    case Filter::Kind::Values: {
      const auto* value = object.if_contains(filter.attribute->name);
      if (value == nullptr) return false;
      const auto is_one = [&](const json::value& each) {
        return each.is_object() && matches(filter.inner.front(), each.get_object(), true);
      };
      if (const auto* list = value->if_array()) return std::ranges::any_of(*list, is_one);
      return is_one(*value);
    }
  }
  return false;
}

}  // namespace

Result<Filter> parse_filter(const ResourceType& type, std::string_view text) {
  if (text.size() > kLongestFilter) return malformed("it is too long");
  return Parser(type, text).whole();
}

bool matches(const Filter& filter, const json::object& resource) {
  return matches(filter, resource, false);
}

bool is_one_of(const Filter& values, const json::object& value) {
  return matches(values, value, true);
}

std::optional<std::string> asked_name(const Filter& filter) {
  const bool is_it = filter.kind == Filter::Kind::Compare && filter.attribute != nullptr &&
                     filter.attribute->name == "userName" &&
                     filter.comparison == Comparison::Equal && filter.value.is_string();
  return is_it ? std::optional(std::string(filter.value.get_string())) : std::nullopt;
}

Result<Path> parse_path(const ResourceType& type, std::string_view text) {
  if (text.size() > kLongestFilter)
    return fail(Code::Invalid, "The path is too long.", "invalidPath");
  return Parser(type, text).path();
}

}  // namespace strongroom::scim
