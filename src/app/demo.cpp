// `strongroom demo`: add, run, look, call, revoke, call again, receipt; each step proves itself or
// the demo fails. It uses the built programs as a person would, on a data directory of its own.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "app/commands.h"
#include "app/demo_child.h"
#include "app/files.h"
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

using std::chrono::seconds;

constexpr const char* kAgent = R"agent(
say() { echo "  workroom> $*"; }
call() {
  curl -sS -o answer.json -w '%{http_code}' -H "x-goog-api-key: $GEMINI_API_KEY" -H 'content-type: application/json' \
    -d '{"contents":[{"parts":[{"text":"Say hello"}]}]}' \
    "$GOOGLE_GEMINI_BASE_URL/v1beta/models/gemini-demo:generateContent"
}
say "every variable I have that could matter:"
env | grep -E 'GEMINI|GH_TOKEN|GITHUB_TOKEN|STRONGROOM' | sort | while read -r line; do say "  $line"; done
say "calling the provider with what I hold ..."
status=$(call); say "answer: $status $(tr -d '\n' < answer.json | cut -c1-120)"
echo "READY $status"
while [ ! -e go ]; do read -r _ < fifo || true; done
say "calling again with the same pass ..."
status=$(call); say "answer: $status $(tr -d '\n' < answer.json | cut -c1-160)"
echo "AGAIN $status"
)agent";

/// What the story needs to go on; ends everything it started when it is over.
struct Stage {
  std::string folder;
  std::string programs;
  std::string strongroom;
  std::string provider_key;
  std::string git_token;
  std::vector<std::pair<std::string, std::string>> environment;

  ~Stage() {
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
  }
};

void tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// What a command printed, line by line under the command.
void tell_indented(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    tell("  " + std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Status expect(bool holds, const std::string& what) {
  if (!holds) return fail(Code::Internal, "this did not hold: " + what);
  tell("  ✓ " + what);
  return {};
}

std::string joined(const std::vector<std::string>& arguments) {
  std::string line = "$ strongroom";
  for (const auto& argument : arguments) line += " " + argument;
  return line;
}

/// Runs one command as shown; its output is told and answered.
Result<std::string> command(const Stage& stage, const std::vector<std::string>& arguments,
                            const std::string& input = {}, Format format = Format::People) {
  if (format == Format::People) tell(joined(arguments));
  std::vector<std::string> argv{stage.strongroom};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  if (format == Format::Json) argv.emplace_back("--json");
  STRONGROOM_TRY(Child child, Child::start(argv, input, stage.environment));
  STRONGROOM_TRY(const auto ended, child.finish(seconds(20)));
  if (format == Format::People) tell_indented(ended.output);
  if (ended.status != 0)
    return fail(Code::Internal,
                "exit code " + std::to_string(ended.status) + " of: " + joined(arguments));
  return ended.output;
}

Result<std::string> id_of(const std::string& text) {
  STRONGROOM_TRY(const auto document, parse_json(text));
  if (!document.is_object()) return fail(Code::Internal, "no object was printed");
  return required_string(document.get_object(), "id");
}

std::string random_text(const std::string& prefix, std::size_t octets) {
  ByteVector bytes(octets);
  crypto::random(bytes);
  return prefix + to_hex(bytes);
}

Result<Child> start_provider(Stage& stage) {
  tell(
      "\n1. A provider. This is a STAND-IN on this machine that speaks the Gemini API; it accepts "
      "one key only.");
  STRONGROOM_TRY(Child provider,
                 Child::start({stage.programs + "/strongroom-demo-provider", stage.folder},
                              stage.provider_key + "\n"));
  std::string port;
  STRONGROOM_TRY(const std::string said, provider.read_until(
                                             [&](const std::string& line) {
                                               if (!line.starts_with("port ")) return false;
                                               port = line.substr(5);
                                               return true;
                                             },
                                             seconds(10)));
  std::filesystem::create_directories(stage.folder + "/data");
  std::filesystem::permissions(stage.folder + "/data", std::filesystem::perms::owner_all);
  STRONGROOM_CHECKED(write_file(
      stage.folder + "/data/strongroom.toml",
      "[gateway]\nextra_ca = \"" + stage.folder + "/provider-ca.pem\"\n[[gateway.dial]]\n" +
          "host = \"generativelanguage.googleapis.com:443\"\nto = \"127.0.0.1:" + port + "\"\n",
      0600));
  return provider;
}

Result<Child> start_server(const Stage& stage) {
  tell("\n2. Strongroom: vault and gateway, on a database of its own.");
  tell("$ strongroom serve");
  STRONGROOM_TRY(Child server,
                 Child::start({stage.strongroom, "serve", "--listen", "127.0.0.1:0", "--gateway",
                               "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--log-level", "error"},
                              {}, stage.environment));
  STRONGROOM_TRY(
      const std::string said,
      server.read_until([](const std::string& line) { return line.starts_with("ready"); },
                        seconds(20), [](const std::string& line) { tell("  " + line); }));
  return server;
}

Result<std::string> store_keys(const Stage& stage) {
  tell(
      "\n3. A tenant, a member, and two keys: a provider key for the tenant's skills, a git token "
      "of Alice's own.");
  STRONGROOM_TRY(const auto tenant, command(stage, {"tenant", "add", "acme"}));
  STRONGROOM_TRY(const auto member, command(stage, {"member", "add", "--tenant", "acme", "alice"}));
  tell("$ strongroom key add gemini --tenant acme          (the value comes on standard input)");
  STRONGROOM_TRY(const auto added, command(stage, {"key", "add", "gemini", "--tenant", "acme"},
                                           stage.provider_key + "\n", Format::Json));
  tell("$ strongroom key add github --tenant acme --member alice");
  STRONGROOM_TRY(const auto token,
                 command(stage, {"key", "add", "github", "--tenant", "acme", "--member", "alice"},
                         stage.git_token + "\n", Format::Json));
  STRONGROOM_TRY(const auto listed, command(stage, {"key", "list", "--tenant", "acme"}));
  STRONGROOM_CHECKED(expect(listed.find(stage.provider_key) == std::string::npos &&
                                listed.find(stage.git_token) == std::string::npos,
                            "the list shows no key"));
  return id_of(added);
}

Result<Child> run_agent(const Stage& stage) {
  tell(
      "\n4. An agent's code in a workroom: it gets a pass for the provider, and the git token that "
      "its tools must hold.");
  tell(
      "$ strongroom run --tenant acme --member alice --service gemini --service github -- sh "
      "agent.sh");
  STRONGROOM_CHECKED(
      write_file(stage.folder + "/agent.sh", "cd '" + stage.folder + "'\n" + kAgent, 0600));
  if (std::system(("mkfifo '" + stage.folder + "/fifo'").c_str()) != 0)
    return fail(Code::Internal, "no fifo can be made");
  STRONGROOM_TRY(Child agent, Child::start({stage.strongroom, "run", "--tenant", "acme", "--member",
                                            "alice", "--service", "gemini", "--service", "github",
                                            "--", "/bin/sh", stage.folder + "/agent.sh"},
                                           {}, stage.environment));
  STRONGROOM_TRY(const std::string said,
                 agent.read_until([](const std::string& line) { return line.starts_with("READY"); },
                                  seconds(20),
                                  [](const std::string& line) {
                                    if (!line.starts_with("READY")) tell(line);
                                  }));
  STRONGROOM_CHECKED(expect(said.find("READY 200") != std::string::npos, "the call worked"));
  STRONGROOM_CHECKED(expect(said.find(stage.provider_key) == std::string::npos,
                            "the provider key is nowhere in the workroom"));
  const std::string stars(stage.git_token.size(), '*');
  STRONGROOM_CHECKED(expect(said.find("GH_TOKEN=" + stars) != std::string::npos &&
                                said.find(stage.git_token) == std::string::npos,
                            "the git token is there for git, while the session runs, and masked "
                            "in what the workroom prints"));
  return agent;
}

Status revoke_and_call_again(const Stage& stage, Child& agent, const std::string& key) {
  tell("\n5. Revoke the provider key while the agent runs.");
  tell("$ strongroom key revoke " + key);
  STRONGROOM_TRY(const auto receipt, command(stage, {"key", "revoke", key}, {}, Format::Json));
  STRONGROOM_CHECKED(write_file(stage.folder + "/receipt.json", receipt, 0600));
  STRONGROOM_TRY(const auto document, parse_json(receipt));
  const auto* body = document.is_object() ? document.get_object().if_contains("receipt") : nullptr;
  if (body == nullptr) return fail(Code::Internal, "no receipt was printed");
  tell("  " + to_text(body->at("r1")));
  STRONGROOM_CHECKED(expect(body->at("r1").at("holds").as_bool(),
                            "R1 holds: every gateway has let go of the key"));
  std::ofstream(stage.folder + "/go").put('\n');
  std::ofstream(stage.folder + "/fifo").put('\n');
  STRONGROOM_TRY(const std::string said,
                 agent.read_until([](const std::string& line) { return line.starts_with("AGAIN"); },
                                  seconds(20),
                                  [](const std::string& line) {
                                    if (!line.starts_with("AGAIN")) tell(line);
                                  }));
  STRONGROOM_CHECKED(expect(
      said.find("AGAIN 403") != std::string::npos && said.find("key_revoked") != std::string::npos,
      "the same call is refused with 403 key_revoked"));
  STRONGROOM_TRY(const auto ended, agent.finish(seconds(20)));
  return expect(ended.status == 0, "the session ended with its command");
}

Status show_proof(const Stage& stage) {
  tell("\n6. The proof.");
  STRONGROOM_TRY(const auto verified,
                 command(stage, {"receipt", "verify", stage.folder + "/receipt.json"}));
  STRONGROOM_TRY(const auto listed,
                 command(stage, {"audit", "list", "--tenant", "acme", "--limit", "8"}));
  STRONGROOM_TRY(const auto chain, command(stage, {"audit", "verify"}));
  return {};
}

Status tell_story(Stage& stage) {
  STRONGROOM_TRY(stage.programs, io::own_directory());
  stage.strongroom = stage.programs + "/strongroom";
  std::array<char, 32> pattern{"/tmp/strongroom-demo-XXXXXX"};
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail(Code::Storage, "no temporary folder can be made");
  stage.folder = pattern.data();
  stage.environment = {{"STRONGROOM_DATA", stage.folder + "/data"}, {"STRONGROOM_URL", ""}};
  stage.provider_key = random_text("AIzaSy", 16);
  stage.git_token = random_text("ghp_", 18);
  STRONGROOM_TRY(Child provider, start_provider(stage));
  STRONGROOM_TRY(Child server, start_server(stage));
  STRONGROOM_TRY(const std::string key, store_keys(stage));
  STRONGROOM_TRY(Child agent, run_agent(stage));
  STRONGROOM_CHECKED(revoke_and_call_again(stage, agent, key));
  STRONGROOM_CHECKED(show_proof(stage));
  server.signal(SIGTERM);
  STRONGROOM_TRY(const auto ended, server.finish(seconds(20)));
  return expect(ended.status == 0, "Strongroom stopped in order");
}

}  // namespace

int demo(const Common&) {
  Stage stage;
  const auto told = tell_story(stage);
  if (!told) return report(told.error());
  tell(
      "\nThat is the whole story: the key worked, was never in the workroom, and was off "
      "everywhere before the command returned.");
  return 0;
}

}  // namespace strongroom::app
