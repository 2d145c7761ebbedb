// UsageReader: what an answer states of its own cost, read as it streams by.
//
// Used by: Metering, where a budget asks for it. Without I/O; fed in pieces of any size. Threads:
// one exchange's. Memory is bounded: names and numbers up to a fixed length, containers by one bit
// each; what is longer or deeper cannot match and is passed over. A text that looks like usage is
// not: only numbers under the very member names count. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/service.h"

namespace strongroom::gateway {

/// A path of names in one JSON text after the other; tells each number with the path that it is at.
class JsonNumbers {
 public:
  static constexpr std::size_t kMaxNamed = 8;  ///< levels of objects whose names are known
  static constexpr std::size_t kMaxName = 64;
  static constexpr std::size_t kMaxNumber = 40;
  static constexpr std::size_t kMaxDepth = 64;

  /// Forgets what was begun: a new text follows.
  void reset();
  /// `on_number(path, text)`: names joined by dots from the root, arrays passed through.
  template <class OnNumber>
  void feed(std::string_view text, OnNumber&& on_number) {
    while (!text.empty()) {
      take(text);
      if (!has_number_) continue;
      has_number_ = false;
      if (named_ <= kMaxNamed && beyond_ == 0)
        on_number(path(), std::string_view(number_.data(), number_size_));
      number_size_ = 0;
    }
  }

 private:
  enum class State : std::uint8_t { Between, InText, AfterEscape, InNumber, InWord };
  void take(std::string_view& text);
  void take_text(std::string_view& text);
  void begin(char c);
  void open(bool is_object);
  void close();
  void end_text();
  [[nodiscard]] bool is_in_object() const;
  [[nodiscard]] std::string_view path() const { return {path_.data(), path_size_}; }

  State state_ = State::Between;
  bool wants_name_ = false;  ///< the next text in this object is a member's name
  bool reads_name_ = false;  ///< the present text is one
  bool is_unfit_ = false;    ///< the present name is too long, or none that is looked for
  bool has_number_ = false;
  std::size_t depth_ = 0;      ///< of containers, as far as each is known
  std::size_t beyond_ = 0;     ///< of those within, of which nothing can match
  std::uint64_t objects_ = 0;  ///< bit n: the container at depth n is an object
  std::size_t named_ = 0;      ///< of objects with a present member
  std::array<std::uint16_t, kMaxNamed + 1> ends_{};  ///< path_size_ before each name
  std::array<char, kMaxNamed*(kMaxName + 1)> path_{};
  std::size_t path_size_ = 0;
  std::array<char, kMaxNumber> number_{};
  std::size_t number_size_ = 0;
};

class UsageReader {
 public:
  /// How the body is written: one JSON text or several, server-sent events with JSON in their data
  /// (HTML standard, 9.2), or nothing that is understood here.
  enum class Form : std::uint8_t { Json, Events, Other };
  [[nodiscard]] static Form form_of(std::string_view content_type, std::string_view encoding);

  /// A new answer. `usage` outlives its reading.
  void start(const catalog::Usage& usage, Form form);
  void feed(std::string_view content);
  /// A number in the answer's head ("character-cost: 120").
  void feed_header(std::string_view value);
  /// The sum of what was stated; nothing when no field of it was there.
  [[nodiscard]] std::optional<std::uint64_t> stated() const;
  /// A guess by size. In tokens: four octets of what was asked are one, and so is each event, or
  /// four octets of the answer. In characters: an octet of what was asked is one.
  [[nodiscard]] std::uint64_t estimate(std::uint64_t octets_asked) const;

 private:
  static constexpr std::size_t kMaxFields = 8;
  void feed_events(std::string_view content);
  void end_line();
  void note(std::string_view path, std::string_view number);

  const catalog::Usage* usage_ = nullptr;
  Form form_ = Form::Other;
  JsonNumbers numbers_;
  std::array<std::optional<std::uint64_t>, kMaxFields> values_{};
  std::uint64_t octets_ = 0;
  std::uint64_t events_ = 0;
  // Of an event stream: how much of "data:" the present line has begun with.
  std::size_t line_ = 0;
  bool is_data_ = false;
  bool has_data_ = false;  ///< of the present event
  bool was_return_ = false;
};

}  // namespace strongroom::gateway
