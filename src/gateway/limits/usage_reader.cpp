// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/usage_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "http/head.h"

namespace strongroom::gateway {
namespace {

constexpr std::string_view kData = "data:";
/// More than any provider sells at once; beyond it doubles are no longer whole.
constexpr double kMost = 9e15;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

/// Whole units; a part of one counts as one. Nothing for what is no number, or below zero.
std::optional<std::uint64_t> units_of(std::string_view text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number =
      parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && !text.empty();
  if (!is_number || !(value >= 0)) return std::nullopt;
  return static_cast<std::uint64_t>(std::ceil(std::min(value, kMost)));
}

}  // namespace

// ------------------------------------------------------------------------------------------------
// numbers

void JsonNumbers::reset() {
  *this = JsonNumbers();
}

bool JsonNumbers::is_in_object() const {
  return depth_ > 0 && beyond_ == 0 && ((objects_ >> (depth_ - 1)) & 1U) != 0;
}

void JsonNumbers::open(bool is_object) {
  if (depth_ == kMaxDepth) {
    ++beyond_;
    return;
  }
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  objects_ = is_object ? objects_ | bit : objects_ & ~bit;
  ++depth_;
  if (is_object) {
    // A name will stand here; until then the object's own path holds.
    if (named_ <= kMaxNamed)
      ends_[std::min(named_, kMaxNamed)] = static_cast<std::uint16_t>(path_size_);
    ++named_;
    wants_name_ = true;
  }
}

void JsonNumbers::close() {
  if (beyond_ > 0) {
    --beyond_;
    wants_name_ = false;
    return;
  }
  if (depth_ == 0) return;
  if (is_in_object()) {
    --named_;
    if (named_ <= kMaxNamed) path_size_ = ends_[named_];
  }
  --depth_;
  wants_name_ = false;
}

void JsonNumbers::begin(char c) {
  switch (c) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '}':
    case ']':
      return close();
    case ',':
      wants_name_ = is_in_object();
      return;
    case ':':
      return;
    case '"':
      state_ = State::InText;
      reads_name_ = wants_name_ && is_in_object();
      if (reads_name_ && named_ <= kMaxNamed) {
        path_size_ = ends_[named_ - 1];
        if (path_size_ > 0) path_[path_size_++] = '.';
      }
      is_unfit_ = false;
      return;
    default:
      if (is_space(c)) return;
      state_ = (c >= '0' && c <= '9') || c == '-' ? State::InNumber : State::InWord;
      number_size_ = 0;
  }
}

void JsonNumbers::end_text() {
  state_ = State::Between;
  if (!reads_name_) return;
  reads_name_ = wants_name_ = false;
  // Such a name must match nothing: no field ends in a dot.
  if (is_unfit_ && named_ <= kMaxNamed) {
    path_size_ = ends_[named_ - 1];
    path_[path_size_++] = '.';
  }
}

/// Up to the end of the text, or of what there is of it.
void JsonNumbers::take_text(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\"\\"), text.size());
  if (reads_name_ && named_ <= kMaxNamed) {
    const std::size_t begun = ends_[named_ - 1] + (ends_[named_ - 1] > 0 ? 1U : 0U);
    const bool has_dot = text.substr(0, end).find('.') != std::string_view::npos;
    if (path_size_ - begun + end > kMaxName || has_dot) {
      is_unfit_ = true;
    } else if (!is_unfit_) {
      std::copy_n(text.data(), end, path_.data() + path_size_);
      path_size_ += end;
    }
  }
  text.remove_prefix(end);
  if (text.empty()) return;
  const char c = text.front();
  text.remove_prefix(1);
  if (c == '"') return end_text();
  state_ = State::AfterEscape;
  is_unfit_ = true;  // no name that is looked for needs an escape
}

void JsonNumbers::take(std::string_view& text) {
  switch (state_) {
    case State::InText:
      return take_text(text);
    case State::AfterEscape:
      text.remove_prefix(1);
      state_ = State::InText;
      return;
    case State::InNumber:
    case State::InWord: {
      const char c = text.front();
      const bool is_more = state_ == State::InNumber ? is_of_number(c) : c >= 'a' && c <= 'z';
      if (!is_more) {
        has_number_ = state_ == State::InNumber && number_size_ < kMaxNumber;
        state_ = State::Between;
        return;
      }
      if (number_size_ < kMaxNumber) number_[number_size_++] = c;
      text.remove_prefix(1);
      return;
    }
    case State::Between: {
      const char c = text.front();
      begin(c);
      // A number's (or word's) first character belongs to it.
      if (state_ == State::InNumber) number_[number_size_++] = c;
      text.remove_prefix(1);
      return;
    }
  }
}

// ------------------------------------------------------------------------------------------------
// usage

UsageReader::Form UsageReader::form_of(std::string_view content_type, std::string_view encoding) {
  if (!encoding.empty() && !http::equals_ignoring_case(encoding, "identity")) return Form::Other;
  const std::string_view type = http::media_type(content_type);
  if (http::equals_ignoring_case(type, "text/event-stream")) return Form::Events;
  const bool is_json =
      http::equals_ignoring_case(type, "application/json") ||
      http::equals_ignoring_case(type, "application/x-ndjson") ||
      (type.size() > 5 && http::equals_ignoring_case(type.substr(type.size() - 5), "+json"));
  return is_json ? Form::Json : Form::Other;
}

void UsageReader::start(const catalog::Usage& usage, Form form) {
  *this = UsageReader();
  usage_ = &usage;
  form_ = form;
}

void UsageReader::note(std::string_view path, std::string_view number) {
  const std::size_t count = std::min(usage_->fields.size(), values_.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto& alternatives = usage_->fields[i];
    if (std::find(alternatives.begin(), alternatives.end(), path) == alternatives.end()) continue;
    if (const auto units = units_of(number)) values_[i] = units;
  }
}

void UsageReader::feed(std::string_view content) {
  if (usage_ == nullptr) return;
  octets_ += content.size();
  if (form_ == Form::Events) return feed_events(content);
  if (form_ == Form::Json && !usage_->fields.empty())
    numbers_.feed(content, [this](auto path, auto number) { note(path, number); });
}

void UsageReader::end_line() {
  // A space ends a number that the line ends with; an empty line ends the event.
  if (is_data_) numbers_.feed("\n", [this](auto path, auto number) { note(path, number); });
  if (line_ == 0 && !is_data_ && has_data_) {
    ++events_;
    has_data_ = false;
    numbers_.reset();
  }
  line_ = 0;
  is_data_ = false;
}

/// Lines end in CR, LF or both. What follows "data:" is the event's text, all else is passed over.
void UsageReader::feed_events(std::string_view content) {
  while (!content.empty()) {
    const char c = content.front();
    if (c == '\n' && was_return_) {
      was_return_ = false;
      content.remove_prefix(1);
      continue;
    }
    was_return_ = c == '\r';
    if (c == '\r' || c == '\n') {
      end_line();
      content.remove_prefix(1);
      continue;
    }
    const std::size_t end = std::min(content.find_first_of("\r\n"), content.size());
    std::string_view piece = content.substr(0, end);
    content.remove_prefix(end);
    while (!is_data_ && line_ < kData.size() && !piece.empty() && piece.front() == kData[line_]) {
      ++line_;
      piece.remove_prefix(1);
      if (line_ == kData.size()) is_data_ = has_data_ = true;
    }
    if (!is_data_ && !piece.empty()) line_ = kData.size() + 1;  // another field
    if (is_data_ && !usage_->fields.empty())
      numbers_.feed(piece, [this](auto path, auto number) { note(path, number); });
  }
}

void UsageReader::feed_header(std::string_view value) {
  if (usage_ != nullptr) values_[0] = units_of(value);
}

std::optional<std::uint64_t> UsageReader::stated() const {
  std::optional<std::uint64_t> sum;
  for (const auto& value : values_)
    if (value) sum = sum.value_or(0) + *value;
  return sum;
}

std::uint64_t UsageReader::estimate(std::uint64_t octets_asked) const {
  if (usage_ != nullptr && usage_->unit == "characters") return octets_asked;
  return octets_asked / 4 + (form_ == Form::Events ? events_ + (has_data_ ? 1 : 0) : octets_ / 4);
}

}  // namespace strongroom::gateway
