// What an identity provider sends: as a filter, a path, a resource and a patch; whatever is taken
// is a resource that is taken again. SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "scim/filter.h"
#include "scim/patch.h"
#include "scim/resource.h"

using namespace strongroom;

namespace {

const json::object& somebody() {
  static const json::object kUser{
      {"userName", "ann@acme.test"},
      {"externalId", "x-1"},
      {"active", true},
      {"name", {{"givenName", "Ann"}}},
      {"emails", json::array{{{"value", "ann@acme.test"}, {"type", "work"}, {"primary", true}}}}};
  return kUser;
}

void use(const scim::ResourceType& type, std::string_view text) {
  if (const auto filter = scim::parse_filter(type, text)) (void)scim::matches(*filter, somebody());
  (void)scim::parse_path(type, text);
  (void)scim::projected(type, somebody(), text, {});
  (void)scim::projected(type, somebody(), {}, text);
  const auto body = parse_json(text);
  if (!body || !body->is_object()) return;
  for (const auto& taken : {scim::written(type, body->get_object()),
                            scim::patched(type, somebody(), body->get_object())}) {
    if (!taken) continue;
    const auto again = scim::written(type, *taken);
    if (!again || *again != *taken) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(ByteView(data, size));
  use(scim::user_type(), text);
  use(scim::group_type(), text);
  return 0;
}
