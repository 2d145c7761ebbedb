// SPDX-License-Identifier: Apache-2.0
#include "io/tls/kept_buffers.h"

#include <gtest/gtest.h>

#include <list>

namespace strongroom::io {
namespace {

struct Busy final : BufferHolder {
  explicit Busy(KeptBuffers& kept) : kept_(kept) {}
  ~Busy() { kept_.forget(*this); }
  bool use(int at) { return kept_.use(*this, SteadyTime(std::chrono::milliseconds(at))); }
  void let_buffers_go() noexcept override { ++let_go; }
  int let_go = 0;

 private:
  KeptBuffers& kept_;
};

SteadyTime at(int milliseconds) {
  return SteadyTime(std::chrono::milliseconds(milliseconds));
}

TEST(KeptBuffers, TakesThemFromTheSilentAndLeavesThemToTheBusy) {
  KeptBuffers kept;
  Busy silent(kept);
  Busy busy(kept);
  EXPECT_TRUE(silent.use(0));
  EXPECT_TRUE(busy.use(0));
  EXPECT_FALSE(busy.use(900)) << "it keeps them already";
  kept.sweep(at(1500));
  EXPECT_EQ(silent.let_go, 1);
  EXPECT_FALSE(silent.keeps_buffers());
  EXPECT_EQ(busy.let_go, 0);
  EXPECT_TRUE(busy.keeps_buffers());
  EXPECT_TRUE(silent.use(1600)) << "busy again";
}

TEST(KeptBuffers, LetsOnlySoManyKeepThem) {
  KeptBuffers kept;
  std::list<Busy> all;
  for (std::size_t i = 0; i < KeptBuffers::kMost; ++i) {
    all.emplace_back(kept);
    EXPECT_TRUE(all.back().use(0));
  }
  Busy late(kept);
  EXPECT_FALSE(late.use(0));
  EXPECT_FALSE(late.keeps_buffers());
  all.pop_front();
  EXPECT_TRUE(late.use(0));
  EXPECT_EQ(kept.count(), KeptBuffers::kMost);
}

}  // namespace
}  // namespace strongroom::io
