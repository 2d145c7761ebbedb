// SPDX-License-Identifier: Apache-2.0
#include "audit/entries.h"

#include <gtest/gtest.h>

#include "audit/render.h"
#include "base/encoding.h"

namespace strongroom::audit {
namespace {

Finding sample() {
  return {
      TenantId(IdBytes{1}), SessionId(IdBytes{2}), "github", "exec_not_granted", "workroom", "sh"};
}

TEST(Entries, AFindingHasItsTenant) {
  ByteVector octets;
  encode_entry(7, WallTime{}, sample(), octets);
  const auto entry = decode_entry(octets);
  ASSERT_TRUE(entry);
  const auto& finding = std::get<Finding>(entry->content);
  EXPECT_EQ(finding.tenant, sample().tenant);
  EXPECT_EQ(finding.session, sample().session);
  EXPECT_EQ(finding.path, "sh");
  Filter filter;
  filter.tenant = sample().tenant;
  EXPECT_TRUE(matches(*entry, filter));
  filter.tenant = TenantId(IdBytes{9});
  EXPECT_FALSE(matches(*entry, filter));
}

/// As records of before have it.
TEST(Entries, AnOldFindingHasNone) {
  ByteVector octets;
  Writer writer(octets);
  writer.u8(4);
  writer.u64(7);
  writer.i64(0);
  writer.raw(sample().session.view());
  for (const char* each : {"github", "exec_not_granted", "workroom", "sh"}) writer.text(each);
  const auto entry = decode_entry(octets);
  ASSERT_TRUE(entry);
  const auto& finding = std::get<Finding>(entry->content);
  EXPECT_TRUE(finding.tenant.is_none());
  EXPECT_EQ(finding.session, sample().session);
  EXPECT_EQ(finding.what, "exec_not_granted");
  EXPECT_TRUE(matches(*entry, Filter()));
}

TEST(Entries, OfAnUnknownKindAreRefused) {
  ByteVector octets;
  encode_entry(7, WallTime{}, sample(), octets);
  octets[0] = 7;
  EXPECT_FALSE(decode_entry(octets));
  octets[0] = 4;
  EXPECT_FALSE(decode_entry(octets)) << "a finding of now is none of before";
}

}  // namespace
}  // namespace strongroom::audit
