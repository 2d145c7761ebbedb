// A seal by AWS KMS, or what speaks its protocol: 32 random octets, encrypted by a key there, bound
// to an encryption context. SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"
#include "base/json.h"
#include "sealer/answers.h"
#include "sealer/https.h"
#include "sealer/signature_v4.h"
#include "sealer/work.h"
#include "sealer/wrapping.h"

namespace strongroom::sealer {
namespace {

using external_seal::Job;
using external_seal::Outcome;

class Kms {
 public:
  Kms(const Job& job, HttpsPlace place, AwsCredentials credentials)
      : job_(job), place_(std::move(place)), credentials_(std::move(credentials)) {}

  Result<ByteVector> encrypt(const Secret& key) {
    json::object body = common();
    body["Plaintext"] = key.reveal([](ByteView plain) { return to_base64(plain); });
    STRONGROOM_TRY(const auto answer, post("TrentService.Encrypt", body));
    return read_kms_ciphertext(answer.status, answer.body);
  }
  Result<Secret> decrypt(ByteView wrapped) {
    json::object body = common();
    body["CiphertextBlob"] = to_base64(wrapped);
    STRONGROOM_TRY(const auto answer, post("TrentService.Decrypt", body));
    return read_kms_plaintext(answer.status, answer.body);
  }

 private:
  /// The key is named to open as well: what another one has sealed is refused there.
  [[nodiscard]] json::object common() const {
    json::object context{{"strongroom", job_.settings.name}};
    for (const auto& each : job_.settings.all("context")) {
      const auto sign = each.find('=');
      context[each.substr(0, sign)] = each.substr(sign + 1);
    }
    return {{"KeyId", job_.settings.value("key")}, {"EncryptionContext", std::move(context)}};
  }
  Result<http::ClientResponse> post(const char* target, const json::object& document) {
    const std::string body = to_text(document);
    const SystemClock clock;
    http::ClientRequest request;
    request.method = "POST";
    request.body = body;
    for (auto& header :
         sign_v4(credentials_, {job_.settings.value("region"), "kms"}, place_.authority,
                 {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", target}}, body,
                 clock.wall()))
      request.headers.emplace_back(std::move(header));
    return ask(place_, job_.settings.value("ca"), std::move(request));
  }
  const Job& job_;
  HttpsPlace place_;
  AwsCredentials credentials_;
};

}  // namespace

Result<Outcome> work_at_kms(const Job& job) {
  std::string url = job.settings.value("url");
  if (url.empty()) url = "https://kms." + job.settings.value("region") + ".amazonaws.com";
  STRONGROOM_TRY(auto place, parse_https(url));
  const std::string& named = job.settings.value("profile");
  STRONGROOM_TRY(auto credentials, job.credential.reveal([&](ByteView text) {
    return read_aws_credentials(text_of(text), named.empty() ? "default" : named);
  }));
  Kms kms(job, std::move(place), std::move(credentials));
  return wrap_or_unwrap(kms, job, "The KMS");
}

}  // namespace strongroom::sealer
