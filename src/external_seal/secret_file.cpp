// SPDX-License-Identifier: Apache-2.0

#include <cstdlib>

#include "base/secret_file.h"
#include "external_seal/job.h"

namespace strongroom::external_seal {
namespace {

std::unexpected<Error> cannot(const std::string& path, const std::string& what) {
  return fail(Code::Sealed,
              "The file " + path + ", which holds the secret of a seal, " + what + ".",
              std::string(kRefused));
}

/// Where it is; a credential's name is the name of a file, and no path.
Result<std::string> place_of(const std::string& named) {
  if (!named.starts_with(kHandedOver)) return named;
  const std::string name = named.substr(kHandedOver.size());
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0')
    return fail(Code::Sealed,
                "The secret of a seal is the credential '" + name +
                    "', and systemd has handed over none (LoadCredentialEncrypted= of the unit).",
                std::string(kRefused));
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    return fail(Code::Sealed, "'" + named + "' is no credential's name.", std::string(kRefused));
  return std::string(folder) + "/" + name;
}

}  // namespace

Result<Secret> read_secret_file(const std::string& named) {
  STRONGROOM_TRY(const std::string path, place_of(named));
  auto text = strongroom::read_secret_file(
      path, {.most = kMaxSecretFile, .owner = FileOwner::SelfOrRoot, .may_be_link = true});
  if (!text) return cannot(path, text.error().message);
  std::size_t size = text->size();
  text->reveal([&](ByteView all) {
    if (size > 0 && all[size - 1] == '\n') --size;
    if (size > 0 && all[size - 1] == '\r') --size;
  });
  if (size == 0) return cannot(path, "is empty");
  text->shrink(size);
  return text;
}

}  // namespace strongroom::external_seal
