// SPDX-License-Identifier: Apache-2.0
#include "workroom/ssh_login.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/ssh_public_keys.h"

namespace strongroom::workroom {
namespace {

struct Wanted {
  std::string session = "session";
  std::uint8_t kind = 50;
  std::string user = "git";
  std::string service = "ssh-connection";
  std::string method = "publickey";
  std::uint8_t is_signed = 1;
  std::string host_key = {};
  std::string more = {};
};

ByteVector request(const Wanted& wanted) {
  ByteVector out;
  Writer writer(out);
  writer.text(wanted.session);
  writer.u8(wanted.kind);
  writer.text(wanted.user);
  writer.text(wanted.service);
  writer.text(wanted.method);
  writer.u8(wanted.is_signed);
  writer.text("ssh-ed25519");
  writer.text("blob");
  if (!wanted.host_key.empty()) writer.text(wanted.host_key);
  writer.raw(bytes_of(wanted.more));
  return out;
}

SshBinding binding_of(std::string_view host_key, std::string_view session) {
  const auto octets = [](std::string_view text) {
    return ByteVector(bytes_of(text).begin(), bytes_of(text).end());
  };
  return {octets(host_key), octets(session)};
}

TEST(SshLogin, is_read_whole_or_not_at_all) {
  const auto whole = request({});
  ASSERT_TRUE(parse_ssh_login(whole));
  EXPECT_EQ(parse_ssh_login(whole)->user, "git");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_ssh_login(ByteView(whole).first(size))) << size;
  EXPECT_FALSE(parse_ssh_login(request({.session = ""})));
  EXPECT_FALSE(parse_ssh_login(request({.kind = 51})));
  EXPECT_FALSE(parse_ssh_login(request({.service = "ssh-userauth"})));
  EXPECT_FALSE(parse_ssh_login(request({.method = "hostbased"})));
  EXPECT_FALSE(parse_ssh_login(request({.is_signed = 0})));
  EXPECT_FALSE(parse_ssh_login(request({.more = "x"})));
  EXPECT_FALSE(parse_ssh_login(bytes_of("SSHSIG\0\0\0\3git")));
}

TEST(SshLogin, is_for_its_user_and_its_servers_alone) {
  const auto octets = request({});
  const auto login = *parse_ssh_login(octets);
  const SshPermit anywhere{"git", {}};
  const SshPermit at_host{"git", {binding_of("host", "").host_key}};
  EXPECT_EQ(refusal_of(anywhere, login, std::nullopt), nullptr);
  EXPECT_STREQ(refusal_of({"root", {}}, login, std::nullopt), "ssh_other_user");
  EXPECT_STREQ(refusal_of(anywhere, login, binding_of("host", "another")), "ssh_other_session");
  EXPECT_EQ(refusal_of(at_host, login, binding_of("host", "session")), nullptr);
  EXPECT_STREQ(refusal_of(at_host, login, std::nullopt), "ssh_other_host");
  EXPECT_STREQ(refusal_of(at_host, login, binding_of("other", "session")), "ssh_other_host");
  const auto bound =
      request({.method = "publickey-hostbound-v00@openssh.com", .host_key = "other"});
  EXPECT_STREQ(refusal_of(at_host, *parse_ssh_login(bound), binding_of("host", "session")),
               "ssh_other_host");
}

TEST(SshLogin, servers_keys_are_read_as_they_are_printed) {
  const std::string key =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
  for (const std::string& text : {key, "[host]:22 " + key, key + " comment", " " + key + " "}) {
    const auto read = crypto::parse_ssh_public_keys(text);
    ASSERT_TRUE(read && read->size() == 1) << text;
    EXPECT_EQ(known_hosts_of("host", "2222", *read), "[host]:2222 " + key + "\n");
  }
  EXPECT_EQ(crypto::parse_ssh_public_keys(key + ", " + key)->size(), 2U);
  for (const std::string text : {"ssh-ed25519", "ssh-rsa AAAA", "ssh-ed25519 AAAAC3Nz", ","})
    EXPECT_FALSE(crypto::parse_ssh_public_keys(text)) << text;
  EXPECT_FALSE(crypto::parse_ssh_public_keys("ssh-rsa" + key.substr(11)))
      << "a type that is not its own";
}

}  // namespace
}  // namespace strongroom::workroom
