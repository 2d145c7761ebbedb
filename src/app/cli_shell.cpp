// The commands for shells and for the manual. SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/cli_options.h"
#include "app/completion.h"
#include "app/manual_page.h"

namespace strongroom::app {
namespace {

/// Somebody waits at a prompt: a server that does not answer is not waited for.
constexpr unsigned kPatienceSeconds = 2;

int put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

/// As it was started: by its name, or by a path, which is made whole.
std::string own_program(const std::string& started_as) {
  if (!started_as.contains('/')) return started_as;
  std::error_code problem;
  const auto path = std::filesystem::absolute(started_as, problem).lexically_normal();
  return problem ? started_as : path.string();
}

int print_completion(const Options& o, const std::string& started_as) {
  const std::string program = o.program.empty() ? own_program(started_as) : o.program;
  const auto script = completion_script(o.name, program);
  if (!script) return report(Error(Code::Invalid, "completion is for bash, zsh and fish"));
  return put(*script);
}

int answer_completion(const CLI::App& app, const std::vector<std::string>& words,
                      const Common& common) {
  std::signal(SIGALRM, [](int) { ::_exit(0); });
  ::alarm(kPatienceSeconds);
  const Names names = [&](const std::string& kind, TypedSoFar typed) {
    if (!typed.data) typed.data = common.data;
    return known_names(kind, typed);
  };
  return put(to_lines(complete(describe(app), words, names)));
}

}  // namespace

void add_shell(CLI::App& app, Options& o, const std::string& started_as) {
  auto* completion =
      leaf(app, o, "completion", "print what makes a shell complete the words of this program",
           [&o, started_as](const Common&) { return print_completion(o, started_as); });
  completion->add_option("shell", o.name, "the shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->add_option("--program", o.program, "what the shell asks (this program)");
  completion->footer(
      "Completes commands, flags and services; where a server runs, its tenants, members, skills, "
      "labels and ids as well. Try it in bash at once: source <(strongroom completion bash)");
  leaf(app, o, kCompletionCommand, "what the shells ask", [&app, &o](const Common& c) {
    return answer_completion(app, o.run.command, c);
  })->group("");
  leaf(app, o, "manual-page", "print strongroom(1)", [&app](const Common&) {
    return put(manual_page(describe(app)));
  })->group("");
}

}  // namespace strongroom::app
