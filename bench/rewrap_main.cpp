// Rewrap of a tenant with many keys, alone on its core: its time and the processor's, how long one
// step holds the vault's loop up, how long opening the vault takes, and a new root key. Arguments:
// the number of keys, an empty folder; or 0 and the folder of an earlier run, to open it once more.
// Prints one JSON object. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "catalog/catalog.h"
#include "crypto/crypto.h"
#include "vault/hierarchy.h"
#include "vault/root_secrets.h"
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

/// For the rotation of the root key, which wraps each one's key anew.
Status add_tenants(store::Store& store, const Secret& root) {
  const vault::Hierarchy hierarchy(root, store);
  return store.transact([&]() -> Status {
    for (int i = 0; i < 10'000; ++i) {
      store::Tenant tenant;
      store::Epoch epoch;
      tenant.id = crypto::random_id<TenantId>();
      tenant.name = "tenant" + std::to_string(i);
      tenant.state = "active";
      hierarchy.make_tenant(tenant, epoch);
      STRONGROOM_CHECKED(store.insert(tenant));
      STRONGROOM_CHECKED(store.insert(epoch));
    }
    return {};
  });
}

/// Of what an earlier run left.
template <class Open>
Status open_again(const Open& open) {
  const auto opening = Clock::now();
  const std::clock_t processor = std::clock();
  STRONGROOM_TRY([[maybe_unused]] const auto vault, open());
  std::printf("{\"open_s\": %.2f, \"open_cpu_s\": %.2f}\n", seconds_since(opening),
              static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC);
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
  STRONGROOM_TRY(record_options.signing_key, vault::record_signing_key(*store, root));
  record_options.post = [](const std::function<void()>&) {};
  STRONGROOM_TRY(const auto record, audit::Log::open(std::move(record_options)));
  STRONGROOM_TRY(const auto catalog, catalog::Catalog::load(folder + "/catalog"));
  const vault::Actor actor = vault::Actor::installation("operator");
  const auto open = [&] {
    vault::Vault::Parts parts{clock, *store, catalog, *record, root.duplicate()};
    parts.seal_file = options.file_path;
    return vault::Vault::open(std::move(parts));
  };
  if (count == 0) return open_again(open);
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
  const std::clock_t processor = std::clock();
  STRONGROOM_TRY(const auto begun, vault->begin_rewrap(actor, "bench", 100));
  double longest = 0;
  for (bool is_more = true; is_more;) {
    const auto step = Clock::now();
    STRONGROOM_TRY(is_more, vault->step_rewrap(begun.tenant));
    longest = std::max(longest, seconds_since(step));
  }
  const double rewrapped = seconds_since(begin);
  const double cpu = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  STRONGROOM_CHECKED(add_tenants(*store, root));
  const auto rotating = Clock::now();
  STRONGROOM_CHECKED(vault->rotate_root(actor, Secret()));
  const double rotated = seconds_since(rotating);
  std::printf(
      "{\"keys\": %d, \"fill_s\": %.2f, \"open_s\": %.2f, \"rewrap_s\": %.2f, "
      "\"rewrap_cpu_s\": %.2f, \"million_cpu_s\": %.1f, \"longest_step_ms\": %.1f, "
      "\"root_with_10000_tenants_ms\": %.0f}\n",
      count, filled, opened, rewrapped, cpu, cpu / count * 1e6, longest * 1e3, rotated * 1e3);
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
