// What the engine is told, and how its answers are read. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <cstdlib>
#include <string>

#include "base/encoding.h"
#include "workroom/docker/container.h"
#include "workroom/docker/engine.h"
#include "workroom/docker/image.h"
#include "workroom/docker/tar_entry.h"
#include "workroom/quoted_line.h"

namespace strongroom::workroom::docker {
namespace {

ContainerSpec some_container() {
  ContainerSpec out;
  out.name = "strongroom-session";
  out.inside = "/run/strongroom/session/inside";
  out.gateway_folder = "/data/sockets/session";
  out.hosts = {{"127.0.0.2", "api.example"}};
  out.mounts = {{"/work", "/work", false}};
  return out;
}

ContainerFacts some_facts() {
  return {"sha256:1", "/usr/lib/strongroom-init", "/", "session", "/run/strongroom/session"};
}

TEST(Container, J1_the_engine_is_told_of_no_command_no_variable_and_no_stream) {
  const auto config = container_config(some_container(), some_facts());
  ASSERT_TRUE(config);
  EXPECT_EQ(to_text(config->at("Cmd")), R"(["--order","/run/strongroom/order.sock"])");
  EXPECT_EQ(to_text(config->at("Env")), "[]");
  for (const char* stream : {"AttachStdin", "AttachStdout", "AttachStderr", "OpenStdin", "Tty"})
    EXPECT_FALSE(config->at(stream).as_bool()) << stream;
  const auto& host = config->at("HostConfig").as_object();
  EXPECT_EQ(to_text(host.at("LogConfig")), R"({"Type":"none"})");
}

TEST(Container, has_no_network_and_few_rights_unless_it_is_said) {
  auto container = some_container();
  const auto config = container_config(container, some_facts());
  ASSERT_TRUE(config);
  const auto& host = config->at("HostConfig").as_object();
  EXPECT_EQ(host.at("NetworkMode").as_string(), "none");
  EXPECT_EQ(to_text(host.at("CapDrop")), R"(["ALL"])");
  EXPECT_EQ(to_text(host.at("SecurityOpt")), R"(["no-new-privileges"])");
  EXPECT_EQ(to_text(host.at("ExtraHosts")), R"(["api.example:127.0.0.2"])");
  EXPECT_FALSE(host.contains("Memory"));
  container.memory_limit = 1024;
  const auto limited = container_config(container, some_facts());
  ASSERT_TRUE(limited);
  EXPECT_EQ(limited->at("HostConfig").as_object().at("MemorySwap").as_int64(), 1024)
      << "what it holds is not swapped";
}

TEST(Container, shows_what_is_ours_over_what_is_the_callers_and_read_only) {
  const auto config = container_config(some_container(), some_facts());
  ASSERT_TRUE(config);
  const auto& mounts = config->at("HostConfig").as_object().at("Mounts").as_array();
  ASSERT_EQ(mounts.size(), 4U);
  EXPECT_EQ(mounts[0].as_object().at("Target").as_string(), "/work");
  for (std::size_t i = 1; i < mounts.size(); ++i) {
    EXPECT_TRUE(mounts[i].as_object().at("ReadOnly").as_bool());
    EXPECT_TRUE(mounts[i].as_object().at("Target").as_string().starts_with("/run/strongroom"));
  }
}

TEST(Container, has_no_other_containers_network) {
  auto container = some_container();
  container.network = "container:other";
  const auto config = container_config(container, some_facts());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::Invalid);
}

TEST(Image, says_what_it_runs) {
  const auto description =
      parse_json(R"({"Id":"sha256:2","Config":{"Entrypoint":["a"],"Cmd":["b","c"],"User":"u:g",)"
                 R"("WorkingDir":"/w","Env":["A=1=2","B=","=x","none"]}})");
  ASSERT_TRUE(description);
  const auto image = read_image(description->get_object());
  ASSERT_TRUE(image);
  EXPECT_EQ(image->command, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(image->user, "u:g");
  EXPECT_EQ(image->working_directory, "/w");
  ASSERT_EQ(image->variables.size(), 2U);
  EXPECT_EQ(image->variables[0].value, "1=2");
  const auto bare = parse_json(R"({"Id":"sha256:3","Config":{"Cmd":null,"Entrypoint":null}})");
  ASSERT_TRUE(bare);
  EXPECT_TRUE(read_image(bare->get_object())->command.empty());
  EXPECT_FALSE(read_image({}));
}

TEST(Engine, is_found_on_this_machine_alone) {
  ::unsetenv("DOCKER_HOST");
  EXPECT_EQ(*Engine::find_socket(""), "/var/run/docker.sock");
  EXPECT_EQ(*Engine::find_socket("/x/docker.sock"), "/x/docker.sock");
  ::setenv("DOCKER_HOST", "unix:///y/docker.sock", 1);
  EXPECT_EQ(*Engine::find_socket(""), "/y/docker.sock");
  EXPECT_EQ(*Engine::find_socket("/x/docker.sock"), "/x/docker.sock");
  for (const char* elsewhere : {"tcp://10.0.0.1:2375", "ssh://host", "relative.sock"}) {
    ::setenv("DOCKER_HOST", elsewhere, 1);
    const auto found = Engine::find_socket("");
    ASSERT_FALSE(found) << elsewhere;
    EXPECT_EQ(found.error().code, Code::Refused);
  }
  ::unsetenv("DOCKER_HOST");
}

TEST(Engine, somebody_elses_words_stay_on_one_line) {
  EXPECT_EQ(quoted_line("a\nb\x1b[2Jc\n"), "a b [2Jc");
  EXPECT_EQ(quoted_line(std::string(5000, 'x')).size(), 400U);
  EXPECT_EQ(percent_encode("/etc/pass wd?&"), "%2Fetc%2Fpass%20wd%3F%26");
}

/// One entry as ustar has it; the checksum is not looked at.
std::string entry(char type, std::string_view content, std::string_view link = "") {
  std::string out(512, '\0');
  out.replace(0, 4, "name");
  char size[12];
  std::snprintf(size, sizeof(size), "%011zo", content.size());
  out.replace(124, 11, size);
  out[156] = type;
  out.replace(157, link.size(), link);
  out.replace(257, 5, "ustar");
  out += content;
  out.resize((out.size() + 511) / 512 * 512, '\0');
  return out;
}

TEST(TarEntry, is_a_file_or_a_link) {
  const auto archive = entry('0', "root:x:0:0::/:/bin/sh\n") + std::string(1024, '\0');
  const auto file = first_tar_entry(archive);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->kind, TarEntry::Kind::File);
  EXPECT_EQ(file->content, "root:x:0:0::/:/bin/sh\n");
  const auto link = first_tar_entry(entry('2', "", "../run/passwd"));
  ASSERT_TRUE(link);
  EXPECT_EQ(link->kind, TarEntry::Kind::Link);
  EXPECT_EQ(link->link, "../run/passwd");
  EXPECT_EQ(first_tar_entry(entry('5', ""))->kind, TarEntry::Kind::Other);
}

TEST(TarEntry, has_its_long_link_before_it) {
  const std::string far = "/" + std::string(150, 'd') + "/passwd";
  const auto gnu = first_tar_entry(entry('K', far + '\0') + entry('2', "", "/dddd"));
  ASSERT_TRUE(gnu);
  EXPECT_EQ(gnu->link, far);
  const auto pax = first_tar_entry(entry('x', "172 linkpath=" + far + "\n") + entry('2', ""));
  ASSERT_TRUE(pax);
  EXPECT_EQ(pax->link, far);
}

TEST(TarEntry, that_is_cut_short_or_none_is_refused) {
  const auto whole = entry('x', "11 path=ab\n") + entry('0', "some content");
  for (std::size_t size = 0; size < 1024 + 512 + 12; ++size)
    EXPECT_FALSE(first_tar_entry(std::string_view(whole).substr(0, size))) << size;
  EXPECT_TRUE(first_tar_entry(std::string_view(whole).substr(0, 1024 + 512 + 12)));
  auto wrong = whole;
  wrong.replace(124, 11, "99999999999");
  EXPECT_FALSE(first_tar_entry(wrong));
  EXPECT_FALSE(first_tar_entry(std::string(2048, '\0')));
}

}  // namespace
}  // namespace strongroom::workroom::docker
