// SPDX-License-Identifier: Apache-2.0
#include "app/completion.h"

#include <algorithm>
#include <utility>

namespace strongroom::app {
namespace {

/// The line up to the word that is being typed.
class Line {
 public:
  Line(const CommandLineDescription& description, const std::vector<std::string>& words)
      : description_(description), command_(&description.root) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) take(words[i]);
  }

  [[nodiscard]] const CommandDescription& command() const { return *command_; }
  [[nodiscard]] bool is_over() const { return is_over_; }
  /// The flag whose value is being typed.
  [[nodiscard]] const FlagDescription* open_flag() const { return open_; }
  [[nodiscard]] const TypedSoFar& typed() const { return typed_; }
  [[nodiscard]] bool is_used(const FlagDescription& flag) const {
    return std::ranges::find(used_, &flag) != used_.end();
  }
  /// The argument that comes next by its place.
  [[nodiscard]] const FlagDescription* place() const {
    const auto& places = command_->places;
    if (places.empty()) return nullptr;
    if (placed_ < places.size()) return &places[placed_];
    return places.back().is_repeatable ? &places.back() : nullptr;
  }
  [[nodiscard]] const FlagDescription* flag(const std::string& name) const {
    for (const auto* list : {&command_->flags, &description_.everywhere})
      for (const auto& each : *list)
        if (std::ranges::find(each.names, name) != each.names.end()) return &each;
    return nullptr;
  }

 private:
  void take(const std::string& word) {
    if (is_over_) return;
    if (open_ != nullptr) return take_value(*std::exchange(open_, nullptr), word);
    if (word == "--") {
      is_over_ = true;
    } else if (word.starts_with('-')) {
      take_flag(word);
    } else if (const auto* next = command_->command(word); next != nullptr) {
      command_ = next;
    } else {
      ++placed_;
    }
  }

  void take_flag(const std::string& word) {
    const auto equals = word.find('=');
    const auto* found = flag(word.substr(0, equals));
    if (found == nullptr) return;
    used_.push_back(found);
    if (found->value.empty()) return;
    if (equals == std::string::npos)
      open_ = found;
    else
      take_value(*found, word.substr(equals + 1));
  }

  void take_value(const FlagDescription& flag, const std::string& value) {
    if (flag.names.back() == "--data") typed_.data = value;
    if (flag.names.back() == "--tenant") typed_.tenant = value;
  }

  const CommandLineDescription& description_;
  const CommandDescription* command_;
  const FlagDescription* open_ = nullptr;
  std::vector<const FlagDescription*> used_;
  std::size_t placed_ = 0;
  bool is_over_ = false;
  TypedSoFar typed_;
};

Completion values_of(const FlagDescription& flag, const Line& line, const Names& names) {
  if (flag.value == "FILE") return {Completion::Kind::Files, {}};
  if (flag.value == "FOLDER") return {Completion::Kind::Folders, {}};
  Completion out;
  for (const auto& choice : flag.choices) out.candidates.push_back({choice, ""});
  if (flag.choices.empty()) out.candidates = names(flag.value, line.typed());
  return out;
}

Completion flags_of(const Line& line, const CommandLineDescription& description) {
  Completion out;
  for (const auto* list : {&line.command().flags, &description.everywhere})
    for (const auto& flag : *list)
      if (flag.is_repeatable || !line.is_used(flag))
        for (const auto& name : flag.names) out.candidates.push_back({name, flag.help});
  return out;
}

/// Of "--flag=val": the values with "--flag=" before each.
Completion value_beside_name(const Line& line, const std::string& word, const Names& names) {
  const auto equals = word.find('=');
  const auto* flag = line.flag(word.substr(0, equals));
  if (flag == nullptr || flag->value.empty()) return {};
  Completion out = values_of(*flag, line, names);
  for (auto& each : out.candidates) each.text.insert(0, word.substr(0, equals + 1));
  return out;
}

Completion next(const Line& line, const std::string& word,
                const CommandLineDescription& description, const Names& names) {
  if (line.is_over()) return {Completion::Kind::Files, {}};
  if (line.open_flag() != nullptr) return values_of(*line.open_flag(), line, names);
  if (word.starts_with('-') && word.find('=') != std::string::npos)
    return value_beside_name(line, word, names);
  if (word.starts_with('-')) return flags_of(line, description);
  if (!line.command().commands.empty()) {
    Completion out;
    for (const auto& each : line.command().commands)
      out.candidates.push_back({each.words.back(), each.help});
    return out;
  }
  if (const auto* place = line.place(); place != nullptr) return values_of(*place, line, names);
  return flags_of(line, description);
}

/// Fit to stand on a line of its own, with a tab behind.
bool is_one_line(const std::string& text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Completion complete(const CommandLineDescription& description,
                    const std::vector<std::string>& words, const Names& names) {
  const std::string word = words.empty() ? "" : words.back();
  Completion out = next(Line(description, words), word, description, names);
  std::erase_if(out.candidates, [&](const Candidate& each) {
    return !each.text.starts_with(word) || !is_one_line(each.text) || !is_one_line(each.help);
  });
  return out;
}

std::string to_lines(const Completion& completion) {
  std::string out = completion.kind == Completion::Kind::Words   ? "words\n"
                    : completion.kind == Completion::Kind::Files ? "files\n"
                                                                 : "folders\n";
  for (const auto& each : completion.candidates) out += each.text + "\t" + each.help + "\n";
  return out;
}

}  // namespace strongroom::app
