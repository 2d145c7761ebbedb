// SPDX-License-Identifier: Apache-2.0
#include "app/table.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace strongroom::app {
namespace {

constexpr std::size_t kBetween = 2;
/// No column gets narrower than this for want of room.
constexpr std::size_t kNarrowest = 8;
/// Ids are for copying: they are never shortened.
constexpr std::string_view kId = "ID";

constexpr std::string_view kNothing = "-";

constexpr std::array<std::string_view, 6> kGood{"accepted", "active", "completed",
                                                "done",     "ok",     "open"};
constexpr std::array<std::string_view, 6> kBad{"failed",  "refused", "rejected_by_provider",
                                               "revoked", "wrong",   "expired"};
constexpr std::array<std::string_view, 6> kDoubtful{"expiring", "begun",  "sealed",
                                                    "unknown",  "unsure", "warning"};

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> out;
  for (const auto& heading : table.headings) out.push_back(width_of(heading));
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < row.size(); ++i) out[i] = std::max(out[i], width_of(row[i]));
  return out;
}

/// Without the columns in which no row has anything.
Table filled_columns(const Table& table) {
  Table out;
  out.rows.resize(table.rows.size());
  for (std::size_t i = 0; i < table.headings.size(); ++i) {
    const auto is_empty = [i](const auto& row) { return row[i] == kNothing; };
    if (std::ranges::all_of(table.rows, is_empty)) continue;
    out.headings.push_back(table.headings[i]);
    for (std::size_t r = 0; r < table.rows.size(); ++r) out.rows[r].push_back(table.rows[r][i]);
  }
  return out;
}

/// Takes from the widest columns until all fit, or none can give any more.
void fit(std::vector<std::size_t>& widths, const Table& table, std::size_t columns) {
  std::vector<std::size_t> can_give;
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (!table.headings[i].ends_with(kId)) can_give.push_back(i);
  const auto width_at = [&](std::size_t i) { return widths[i]; };
  for (;;) {
    const std::size_t all = std::accumulate(widths.begin(), widths.end(), std::size_t{0}) +
                            kBetween * (widths.size() - 1);
    const auto widest = std::ranges::max_element(can_give, {}, width_at);
    if (all <= columns || widest == can_give.end() || widths[*widest] <= kNarrowest) return;
    --widths[*widest];
  }
}

template <class StyleOf>
std::string line_of(const std::vector<std::string>& row, const std::vector<std::size_t>& widths,
                    const Screen& screen, StyleOf&& style) {
  std::string out;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string cell = shortened(row[i], widths[i]);
    out += screen.styled(style(row[i]), cell);
    if (i + 1 < row.size()) out.append(widths[i] - width_of(cell) + kBetween, ' ');
  }
  return out + "\n";
}

}  // namespace

std::string drawn(const Table& whole, const Screen& screen) {
  const Table table = screen.is_terminal ? filled_columns(whole) : whole;
  auto widths = widths_of(table);
  if (screen.is_terminal && !widths.empty()) fit(widths, table, screen.columns);
  std::string out =
      line_of(table.headings, widths, screen, [](const std::string&) { return Style::Heading; });
  for (const auto& row : table.rows) out += line_of(row, widths, screen, style_of);
  return out;
}

Style style_of(std::string_view word) {
  if (word == kNothing) return Style::Faint;
  if (std::ranges::find(kGood, word) != kGood.end()) return Style::Good;
  if (std::ranges::find(kBad, word) != kBad.end()) return Style::Bad;
  if (std::ranges::find(kDoubtful, word) != kDoubtful.end()) return Style::Doubtful;
  return Style::Plain;
}

}  // namespace strongroom::app
