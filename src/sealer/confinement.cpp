// SPDX-License-Identifier: Apache-2.0
#include "sealer/confinement.h"

#include <string>
#include <vector>

#include "base/owned_descriptor.h"
#include "io/process/sandbox.h"

namespace strongroom::sealer {
namespace {

template <class T>
void append(std::vector<T>& to, std::span<const T> more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

Status confine(const external_seal::Settings& settings) {
  std::vector<const char*> calls;
  append(calls, io::calls_of_network_programs());
  std::vector<std::string> readable;
  append(readable, io::files_of_network_programs());
  std::vector<std::string> folders = settings.all("folder");
  if (settings.kind == external_seal::kPkcs11) {
    append(calls, io::calls_of_writing_programs());
    readable.push_back(folder_of(settings.value("module")));
  }
  if (settings.kind == external_seal::kTpm2) folders.emplace_back("/dev/tpmrm0");
  io::Sandbox sandbox{calls, readable, folders};
  sandbox.has_local_sockets = settings.value("local_sockets") == "true";
  STRONGROOM_TRY([[maybe_unused]] const auto state, io::enter(sandbox));
  return {};
}

}  // namespace strongroom::sealer
