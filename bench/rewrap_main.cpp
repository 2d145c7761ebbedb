// Rewrap of a tenant with many keys, alone on its core: how many records a second, how long one
// step holds the vault's loop up, and how long opening the vault takes. Arguments: the number of
// keys, an empty folder. Prints one JSON object. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "catalog/catalog.h"
#include "crypto/crypto.h"
#include "vault/hierarchy.h"
#include "vault/seal.h"
#include "vault/vault.h"

namespace strongroom::bench {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Rows as the vault makes them, a thousand in each transaction.
Status fill(store::Store& store, const Secret& root, TenantId tenant, int count) {
  vault::Hierarchy hierarchy(root, store);
  const Secret value(bytes_of("AIzaSyBench-0123456789-abcdefghijklmn"));
  for (int done = 0; done < count;) {
    const int end = std::min(done + 1000, count);
    STRONGROOM_CHECKED(store.transact([&]() -> Status {
      for (; done < end; ++done) {
        store::Key key;
        key.id = crypto::random_id<KeyId>();
        key.tenant = tenant;
        key.service = "gemini";
        key.label = "n" + std::to_string(done);
        key.delivery = static_cast<std::int64_t>(catalog::Delivery::Proxied);
        key.home = static_cast<std::int64_t>(catalog::Home::Skill);
        key.state = "active";
        key.version = 1;
        key.settings = "{}";
        store::KeyVersion version;
        version.key = key.id;
        version.version = 1;
        STRONGROOM_CHECKED(hierarchy.seal(key, version, value));
        STRONGROOM_CHECKED(store.insert(key));
        STRONGROOM_CHECKED(store.insert(version));
      }
      return {};
    }));
  }
  return {};
}

Status measure(int count, const std::string& folder) {
  const SystemClock clock;
  STRONGROOM_TRY(const auto store, store::open_sqlite(folder + "/strongroom.db"));
  vault::SealOptions options;
  options.file_path = folder + "/seal.key";
  STRONGROOM_TRY(const Secret root, vault::open_root_key(*store, options));
  audit::Log::Options record_options;
  record_options.directory = folder + "/audit";
  record_options.clock = &clock;
  record_options.signing_key = vault::record_signing_key(root);
  record_options.post = [](const std::function<void()>&) {};
  STRONGROOM_TRY(const auto record, audit::Log::open(std::move(record_options)));
  STRONGROOM_TRY(const auto catalog, catalog::Catalog::load(folder + "/catalog"));
  const vault::Actor actor{"operator"};
  const auto open = [&] {
    return vault::Vault::open({clock, *store, catalog, *record, root.duplicate()});
  };
  STRONGROOM_TRY(auto vault, open());
  STRONGROOM_TRY(const auto tenant, vault->add_tenant(actor, "bench"));
  const auto filling = Clock::now();
  STRONGROOM_CHECKED(fill(*store, root, tenant.id, count));
  const double filled = seconds_since(filling);
  vault.reset();
  const auto opening = Clock::now();
  STRONGROOM_TRY(vault, open());
  const double opened = seconds_since(opening);
  const auto begin = Clock::now();
  STRONGROOM_TRY(const auto begun, vault->begin_rewrap(actor, "bench", 100));
  double longest = 0;
  for (bool is_more = true; is_more;) {
    const auto step = Clock::now();
    STRONGROOM_TRY(is_more, vault->step_rewrap(begun.tenant));
    longest = std::max(longest, seconds_since(step));
  }
  const double rewrapped = seconds_since(begin);
  std::printf(
      "{\"keys\": %d, \"fill_s\": %.2f, \"open_s\": %.2f, \"rewrap_s\": %.2f, "
      "\"records_per_s\": %.0f, \"million_s\": %.1f, \"longest_step_ms\": %.1f}\n",
      count, filled, opened, rewrapped, count / rewrapped, rewrapped / count * 1e6, longest * 1e3);
  return {};
}

}  // namespace
}  // namespace strongroom::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "bench-rewrap COUNT FOLDER\n");
    return 2;
  }
  const auto done = strongroom::bench::measure(std::atoi(argv[1]), argv[2]);
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
