// SPDX-License-Identifier: Apache-2.0
#include "crypto/segments.h"

#include <gtest/gtest.h>

#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

class Segments : public testing::Test {
 protected:
  Segments() : key(random_secret(32)) {
    SegmentSealer sealer(key.duplicate());
    sealed.push_back(sealer.seal(ByteVector(kSegmentSize, 1), Place::Inner));
    sealed.push_back(sealer.seal(ByteVector(kSegmentSize, 2), Place::Inner));
    sealed.push_back(sealer.seal(ByteVector(5, 3), Place::Last));
  }
  SegmentOpener opener() const { return SegmentOpener(key.duplicate()); }
  Secret key;
  std::vector<ByteVector> sealed;
};

TEST_F(Segments, OpenInTheirOrder) {
  auto reads = opener();
  EXPECT_EQ(reads.open(sealed[0], Place::Inner), ByteVector(kSegmentSize, 1));
  EXPECT_EQ(reads.open(sealed[1], Place::Inner), ByteVector(kSegmentSize, 2));
  EXPECT_EQ(reads.open(sealed[2], Place::Last), ByteVector(5, 3));
}

TEST_F(Segments, OfNothingThereIsOneAsWell) {
  const ByteVector only = SegmentSealer(key.duplicate()).seal({}, Place::Last);
  EXPECT_EQ(only.size(), kSegmentOverhead);
  EXPECT_EQ(opener().open(only, Place::Last), ByteVector());
}

TEST_F(Segments, L3_do_not_open_elsewhere_or_changed) {
  EXPECT_FALSE(opener().open(sealed[1], Place::Inner)) << "another place";
  EXPECT_FALSE(opener().open(sealed[0], Place::Last)) << "the end is not there";
  auto reads = opener();
  EXPECT_TRUE(reads.open(sealed[0], Place::Inner));
  EXPECT_FALSE(reads.open(sealed[0], Place::Inner)) << "twice";
  for (const std::size_t at : {0UL, 4UL, sealed[2].size() - 1}) {
    SegmentSealer sealer(key.duplicate());
    ByteVector changed = sealer.seal(ByteVector(5, 3), Place::Last);
    changed[at] ^= 1U;
    EXPECT_FALSE(opener().open(changed, Place::Last)) << at;
  }
  EXPECT_FALSE(opener().open(ByteVector(kSegmentOverhead - 1), Place::Last));
  EXPECT_FALSE(SegmentOpener(random_secret(32)).open(sealed[0], Place::Inner));
}

}  // namespace
}  // namespace strongroom::crypto
