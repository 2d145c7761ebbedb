// What services answer, and what they are sent. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "external_seal/job.h"
#include "sealer/answers.h"
#include "sealer/https.h"
#include "sealer/signature_v4.h"

namespace strongroom::sealer {
namespace {

constexpr std::string_view kKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

TEST(SealUrl, is_https_with_a_host_and_nothing_else) {
  const auto usual = parse_https("https://bao.example");
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->host, "bao.example");
  EXPECT_EQ(usual->port, 443);
  EXPECT_EQ(usual->authority, "bao.example");
  const auto other = parse_https("https://bao.example:8200/");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->port, 8200);
  EXPECT_EQ(other->authority, "bao.example:8200");
  EXPECT_EQ(parse_https("https://bao.example:443")->authority, "bao.example");
  for (const auto* wrong : {"http://bao.example", "https://", "bao.example", "https://a/b",
                            "https://user@bao.example", "https://bao.example:0x"})
    EXPECT_FALSE(parse_https(wrong)) << wrong;
}

TEST(TransitAnswer, gives_what_was_sealed_and_what_was_opened) {
  const auto made = read_transit_ciphertext(
      200, R"({"data":{"ciphertext":"vault:v1:abcd","key_version":1}})", "k");
  ASSERT_TRUE(made);
  EXPECT_EQ(text_of(*made), "vault:v1:abcd");
  const auto key =
      read_transit_plaintext(200, R"({"data":{"plaintext":")" + std::string(kKey) + R"("}})", "k");
  ASSERT_TRUE(key);
  key->reveal(
      [](ByteView plain) { EXPECT_EQ(text_of(plain), "0123456789abcdef0123456789abcdef"); });
}

TEST(TransitAnswer, that_is_none_is_refused) {
  for (const auto* body : {"", "{}", "[]", "null", R"({"data":[]})", R"({"data":{"plaintext":7}})",
                           R"({"data":{"plaintext":"AAAA"}})", R"({"data":{"plaintext":"*"}})",
                           R"({"data":{"ciphertext":"other:v1:x"}})"}) {
    EXPECT_FALSE(read_transit_plaintext(200, body, "k")) << body;
    EXPECT_FALSE(read_transit_ciphertext(200, body, "k")) << body;
  }
  const std::string long_one =
      R"({"data":{"ciphertext":"vault:v1:)" + std::string(9000, 'a') + R"("}})";
  EXPECT_FALSE(read_transit_ciphertext(200, long_one, "k"));
}

TEST(TransitAnswer, says_whether_it_may_come_back) {
  const auto reason = [](int status, std::string_view body) {
    return read_transit_plaintext(status, body, "k").error().reason;
  };
  EXPECT_EQ(reason(403, R"({"errors":["permission denied"]})"), external_seal::kUnreachable);
  EXPECT_EQ(reason(503, ""), external_seal::kUnreachable);
  EXPECT_EQ(reason(400, "ciphertext is disallowed by policy (too old)"), external_seal::kRefused);
}

TEST(TransitAnswer, gets_nothing_of_itself_into_an_error) {
  for (const int status : {200, 400, 403, 404, 500, 503}) {
    const auto key = read_transit_plaintext(status, R"({"errors":["echo-of-a-key"]})", "k");
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().message.find("echo"), std::string::npos);
  }
  EXPECT_EQ(read_kms_plaintext(400, R"({"__type":"echo-of-a-key"})").error().message.find("echo"),
            std::string::npos);
}

TEST(KmsAnswer, gives_what_was_sealed_and_what_was_opened) {
  const auto made = read_kms_ciphertext(200, R"({"CiphertextBlob":"AQID","KeyId":"arn"})");
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, (ByteVector{1, 2, 3}));
  EXPECT_TRUE(read_kms_plaintext(200, R"({"Plaintext":")" + std::string(kKey) + R"("})"));
  EXPECT_FALSE(read_kms_plaintext(200, R"({"Plaintext":"AQID"})"));
  EXPECT_FALSE(read_kms_ciphertext(200, R"({"CiphertextBlob":""})"));
}

TEST(KmsAnswer, says_whether_it_may_come_back) {
  const auto reason = [](std::string_view body) {
    return read_kms_plaintext(400, body).error().reason;
  };
  EXPECT_EQ(reason(R"({"__type":"AccessDeniedException"})"), external_seal::kUnreachable);
  EXPECT_EQ(reason(R"({"__type":"com.amazonaws.kms#InvalidCiphertextException"})"),
            external_seal::kRefused);
  EXPECT_EQ(reason("not json"), external_seal::kUnreachable);
}

TEST(AwsCredentialsFile, has_profiles) {
  constexpr std::string_view kText =
      "[default]\naws_access_key_id=A\naws_secret_access_key = s\n"
      "# other\n[other]\n aws_access_key_id = B \naws_secret_access_key = t\naws_session_token = "
      "u\n";
  const auto usual = read_aws_credentials(kText, "default");
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->access_key, "A");
  EXPECT_TRUE(usual->session_token.empty());
  const auto other = read_aws_credentials(kText, "other");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->access_key, "B");
  EXPECT_EQ(other->session_token, "u");
  EXPECT_FALSE(read_aws_credentials(kText, "third"));
  EXPECT_FALSE(read_aws_credentials("", "default"));
  EXPECT_FALSE(
      read_aws_credentials("[default]\naws_access_key_id=A b\naws_secret_access_key=s", "default"));
}

/// The example of AWS's own documentation of Signature Version 4's key derivation cannot be used,
/// as it signs a GET; this one was signed by botocore 1.44.
TEST(SignatureV4, is_what_another_signer_makes) {
  AwsCredentials credentials;
  credentials.access_key = "AKIDEXAMPLE";
  credentials.secret_key = Secret(bytes_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
  const auto headers = sign_v4(
      credentials, {"us-east-1", "kms"}, "kms.us-east-1.amazonaws.com",
      {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "TrentService.Encrypt"}},
      "{}", from_micros(1'795'891'860'000'000));
  ASSERT_EQ(headers.back().first, "Authorization");
  EXPECT_EQ(headers.back().second,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261128/us-east-1/kms/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
            "Signature=73dc216f36d93818360d153bc73524272e87291b096111402f1b9f31b7055ee5");
}

}  // namespace
}  // namespace strongroom::sealer
