// What stands where, over every cut. SPDX-License-Identifier: Apache-2.0
#include "guard/search.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "guard/any_value.h"

namespace strongroom::guard {
namespace {

using Hits = std::vector<std::tuple<std::uint64_t, std::size_t, std::size_t>>;

std::shared_ptr<const Patterns> three() {
  const auto out = std::make_shared<AnyValue>();
  for (const std::string_view each : {"first-value-01", "short", "second_value_02"})
    out->add(ValuePatterns::make(Secret(bytes_of(each))));
  return out;
}

TEST(Search, tells_the_same_places_over_every_cut) {
  const std::string text = "a second_value_02 b first-value-01first-value-0 c ZmlyC2Vj";
  const Hits wanted{{2, 15, 2}, {20, 14, 0}};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Hits seen;
    Search search(three(),
                  [&](const Search::Hit& hit) { seen.emplace_back(hit.at, hit.size, hit.which); });
    for (int object = 0; object < 2; ++object) {
      seen.clear();
      search.feed(bytes_of(std::string_view(text).substr(0, cut)));
      search.feed(bytes_of(std::string_view(text).substr(cut)));
      search.finish();
      ASSERT_EQ(seen, wanted) << cut;
    }
  }
}

TEST(Search, does_not_join_one_object_to_the_next) {
  int hits = 0;
  Search search(three(), [&](const Search::Hit&) { ++hits; });
  search.feed(bytes_of(std::string_view("first-val")));
  search.finish();
  search.feed(bytes_of(std::string_view("ue-01")));
  search.finish();
  EXPECT_EQ(hits, 0);
}

TEST(Search, finds_what_stands_within_the_beginning_of_another) {
  Hits seen;
  Search search(three(),
                [&](const Search::Hit& hit) { seen.emplace_back(hit.at, hit.size, hit.which); });
  search.feed(bytes_of(std::string_view("first-valsecond_value_02")));
  search.finish();
  EXPECT_EQ(seen, (Hits{{9, 15, 2}}));
}

}  // namespace
}  // namespace strongroom::guard
