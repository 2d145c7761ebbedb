// AWS Signature Version 4 of one POST to "/", and the file that its credentials come in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::sealer {

struct AwsCredentials {
  std::string access_key;
  Secret secret_key;
  std::string session_token;  ///< empty: they are not of a session
};
/// Of a shared credentials file: [profile], then NAME = VALUE. Refused where one is missing.
[[nodiscard]] Result<AwsCredentials> read_aws_credentials(std::string_view text,
                                                          std::string_view profile);

struct SignedScope {
  std::string region;
  std::string service;
};
using HeaderList = std::vector<std::pair<std::string, std::string>>;
/// `headers`: those to be signed beside Host and X-Amz-Date, by name. Answers all that are to be
/// sent, Authorization last, without Host.
[[nodiscard]] HeaderList sign_v4(const AwsCredentials& credentials, const SignedScope& scope,
                                 const std::string& host, HeaderList headers, std::string_view body,
                                 WallTime now);

}  // namespace strongroom::sealer
