// SPDX-License-Identifier: Apache-2.0
#include "app/endpoints.h"

#include <unistd.h>

#include <cstdio>

#include "app/files.h"
#include "base/json.h"

namespace strongroom::app {

Status write_endpoints(const Config& config, const Sockets& sockets,
                       const GatewayKeeper* gateways) {
  json::object document{{"control", sockets.control.bound.text()},
                        {"metrics", sockets.metrics.bound.text()},
                        {"pid", ::getpid()}};
  if (gateways != nullptr) {
    const auto pids = gateways->pids();
    document["gateway"] = sockets.gateway.bound.text();
    document["gateway_pids"] = json::array(pids.begin(), pids.end());
  } else {
    document["sealed"] = true;
  }
  return write_file(config.path("endpoints.json"), to_pretty_text(document) + "\n", 0600);
}

void announce(const Config& config, const Sockets& sockets, vault::Vault& vault) {
  const Reach reach(config, sockets);
  std::printf("Strongroom %s\n", STRONGROOM_VERSION);
  std::printf("  data      %s\n", config.data_directory.c_str());
  std::printf("  console   %s   (token: %s)\n", reach.console_url().c_str(),
              config.path("operator.token").c_str());
  if (const auto invitation = vault.invite_first_owner(); invitation && *invitation)
    std::printf("  begin     %s#/invitation/%s   (makes the first tenant and its owner, once)\n",
                reach.console_url().c_str(), (*invitation)->c_str());
  std::printf("  gateway   %s\n", reach.gateway_url().c_str());
  std::printf("  metrics   http://%s/metrics\n", sockets.metrics.bound.text().c_str());
  std::printf("ready\n");
  std::fflush(stdout);
}

}  // namespace strongroom::app
