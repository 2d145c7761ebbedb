// Fuzzes the reader of what answers state of their cost: the same sum whatever the pieces are that an
// answer comes in. The first octet chooses form and pieces. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "gateway/limits/usage_reader.h"

using namespace strongroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto form =
      (data[0] & 1U) != 0 ? gateway::UsageReader::Form::Events : gateway::UsageReader::Form::Json;
  const std::size_t piece = 1 + (data[0] >> 1U) % 16;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  catalog::Usage usage;
  usage.unit = "tokens";
  usage.fields = {{"usage.n", "x.usage.n"}, {"a"}};
  gateway::UsageReader whole;
  whole.start(usage, form);
  whole.feed(text);
  gateway::UsageReader pieces;
  pieces.start(usage, form);
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    pieces.feed(text.substr(0, piece));
  STRONGROOM_CHECK(whole.stated() == pieces.stated() && whole.estimate(7) == pieces.estimate(7),
                   "pieces make no difference");
  return 0;
}
