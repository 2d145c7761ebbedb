// The commands about sessions, workrooms and tickets. SPDX-License-Identifier: Apache-2.0
#include "app/cli_options.h"
#include "app/relay.h"
#include "workroom/supervisor/teller.h"

namespace strongroom::app {
namespace {

void socket_options(CLI::App* command, Options& o) {
  command->add_flag("--socket", o.run.socket,
                    "with a Unix socket to the gateway that is this session's alone");
  command
      ->add_option("--socket-owner", o.run.socket_owner,
                   "number of the user whose the socket is (the server's own)")
      ->check(CLI::Range(0L, 0xFFFFFFFEL));
}

void session_options(CLI::App* command, Options& o) {
  tenant_option(command, o.run.tenant);
  command->add_option("--member", o.run.member, "on whose behalf")->required();
  command->add_option("--service", o.run.services, "a service (SERVICE or SERVICE:LABEL)")
      ->expected(1)
      ->take_all();
  command->add_option("--skill", o.run.skills, "a skill of the tenant")->expected(1)->take_all();
  const std::map<std::string, long> units{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
  command
      ->add_option("--ttl,--time-limit", o.run.time_limit_seconds,
                   "after how long the session ends, as 900, 15m, 8h (12h; at most 7d, which is "
                   "604800)")
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(CLI::Range(1, 604'800));
  command
      ->add_option("--idle", o.run.idle_limit_seconds,
                   "the session ends when nothing has happened for so long, as 900, 15m, 8h")
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(CLI::Range(1, 604'800));
  command->add_option("--label", o.run.labels, "NAME=VALUE, for whoever lists sessions")
      ->expected(1)
      ->take_all();
}

void container_options(CLI::App* run, ContainerOptions& container) {
  run->add_option(
      "--image", container.image,
      "of a container: an image's name (docker); a folder with a root filesystem, or an "
      "OCI image layout as FOLDER[:TAG] (runc)");
  run->add_option("--network", container.network,
                  "of a container: none (the gateway alone is reached), host, or a network's name");
  run->add_option("--mount", container.mounts,
                  "FROM:TO[:ro], a folder of this machine in the container")
      ->expected(1)
      ->take_all();
  run->add_option("--user", container.user, "in the container, NAME or UID, either with :GROUP");
  run->add_option("--workdir", container.working_directory, "in the container");
  run->add_option("--scratch-size", container.scratch_size,
                  "the most that the container may write beside its mounts, in memory: as 512m or "
                  "20%");
  run->add_option("--pids-limit", container.most_processes, "the most processes in the container")
      ->check(CLI::Range(1L, 4'194'304L));
  run->add_option("--memory", container.memory_limit, "the most memory of the container, as 2g")
      ->transform(CLI::AsSizeValue(false));
  run->add_option("--docker-socket", container.docker_socket,
                  "of the Docker Engine; otherwise DOCKER_HOST, or /var/run/docker.sock");
  run->add_option("--pull", container.pull, "an image by docker: missing, always or never")
      ->check(CLI::IsMember({"missing", "always", "never"}));
  for (const std::string flag :
       {"--image", "--network", "--mount", "--user", "--workdir", "--scratch-size", "--pids-limit",
        "--memory", "--docker-socket", "--pull"})
    run->get_option(flag)->each(
        [&container, flag](const std::string&) { container.given.push_back(flag); });
}

/// How a command is run in its workroom, whoever starts the session.
void workroom_options(CLI::App* run, RunOptions& options) {
  run->add_flag("--proxy,!--no-proxy", options.proxies,
                "tools reach the services' own hosts through the gateway (HTTPS_PROXY), and no "
                "other host that way: so unless --no-proxy is said");
  run->add_option("--inject", options.inject,
                  "session: the whole workroom gets the values of injected keys; exec: only the "
                  "commands that it starts by `strongroom-init exec` get them")
      ->check(CLI::IsMember({"session", "exec"}));
  run->add_option("--exec-user", options.exec_user,
                  "with --inject exec: whom those commands run as, UID or UID:GID (who asks)");
  run->add_flag("--output-filter,!--no-output-filter", options.filters_output,
                "injected values are masked in what the command writes to pipes and files: so "
                "unless --no-output-filter is said");
  run->add_flag("-t,--tty", options.has_terminal,
                "give the command a terminal of its own, for programs that want one");
  run->add_flag("-i,--interactive", options.is_interactive,
                "the command reads our standard input, as it always does");
  run->add_option("--scan-on-end", options.scan_on_end,
                  "when the command has ended, search this folder for the values of injected keys")
      ->expected(1)
      ->take_all();
  run->add_option("--env", options.variables, "a plain variable for the workroom, NAME=VALUE")
      ->expected(1)
      ->take_all();
}

}  // namespace

void add_tickets(CLI::App& app, Options& o) {
  auto* ticket = group(app, "ticket", "the right to start one session, once, for a short time");
  auto* issue = leaf(*ticket, o, "issue", "make a ticket; prints it, once",
                     [&o](const Common& c) { return ticket_issue(c, o.run, o.ticket_seconds); });
  session_options(issue, o);
  issue
      ->add_option("--valid", o.ticket_seconds,
                   "for how long it may be used, as 90 or 10m (60s; at most 1h)")
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, long>{{"s", 1}, {"m", 60}, {"h", 3600}}))
      ->check(CLI::Range(1, 3600));
  leaf(*ticket, o, "list", "list the tickets of the last hour", [&o](const Common& c) {
    return ticket_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  leaf(*ticket, o, "use", "start the session that a ticket is for; prints its passes, once",
       [](const Common& c) { return ticket_use(c); })
      ->footer("The ticket is read from STRONGROOM_TICKET, else from standard input.");
}

void add_attach(CLI::App& app, Options& o) {
  auto* command = leaf(app, o, "attach",
                       "start a ticket's session for a workroom that a platform starts, and run it",
                       [&o](const Common& c) { return attach(c, o.run); });
  auto& options = o.run.attach;
  command->add_option("--ticket-file", options.ticket_file,
                      "file that holds the ticket, - for standard input (STRONGROOM_TICKET)");
  command->add_option("--socket", options.socket,
                      "where `strongroom-init --socket` of the workroom's container comes, in a "
                      "folder that both see by the same path");
  command
      ->add_option("--user", options.user,
                   "with --socket: number of the user as whom it runs there (our own)")
      ->check(CLI::Range(0L, 0xFFFFFFFEL));
  command
      ->add_option("--wait", options.wait_seconds,
                   "with --socket: how long to wait for it, in seconds (600)")
      ->check(CLI::Range(1L, 86'400L));
  workroom_options(command, o.run);
  command->footer(
      "-- COMMAND [ARGUMENT...]\nWithout --socket, the command follows after --, and is run here.");
}

void add_sessions(CLI::App& app, Options& o) {
  auto* session = group(app, "session", "runs of workrooms");
  auto* start = leaf(*session, o, "start",
                     "start a session for a workroom of your own; prints its passes, once",
                     [&o](const Common& c) { return session_start(c, o.run); });
  session_options(start, o);
  socket_options(start, o);
  auto* list = leaf(*session, o, "list", "list sessions, newest first",
                    [&o](const Common& c) { return session_list(c, o.sessions); });
  list->add_option("--tenant", o.sessions.tenant, "only this tenant's");
  list->add_option("--state", o.sessions.state, "only open or ended ones")
      ->check(CLI::IsMember({"open", "ended"}));
  list->add_option("--label", o.sessions.labels, "only those with this label, NAME=VALUE")
      ->expected(1)
      ->take_all();
  list->add_option("--limit", o.sessions.limit, "at most so many (all)")
      ->check(CLI::Range(1L, 1'000'000L));
  leaf(*session, o, "show", "show one session",
       [&o](const Common& c) { return session_show(c, o.id); })
      ->add_option("id", o.id, "the session's id")
      ->required();
  leaf(*session, o, "end", "end a session: its passes die, its processes are ended",
       [&o](const Common& c) { return session_end(c, o.id); })
      ->add_option("id", o.id, "the session's id")
      ->required();
  auto* events = leaf(*session, o, "events",
                      "follow what happens in sessions; with --json one document a line",
                      [&o](const Common& c) { return session_events(c, o.events); });
  events->add_option("id", o.events.id, "this session alone, from its start to its end");
  events->add_option("--tenant", o.events.tenant, "only this tenant's")->excludes("id");
  events->add_option("--after", o.events.after, "go on after this event, by its id");

  auto* relay_command =
      leaf(app, o, "relay", "hand connections of a workroom on to the gateway's socket",
           [&o](const Common& c) { return relay(c, o.relay); });
  relay_command->add_option("--listen", o.relay.listen, "ADDRESS:PORT inside the workroom");
  relay_command->add_option("--socket", o.relay.socket,
                            "default: gateway.sock of the data directory");
  relay_command->footer("The session's proxy credential is read from STRONGROOM_PROXY_CREDENTIAL.");

  auto* scan_command =
      leaf(app, o, "scan", "look for values of a tenant's keys in files, git histories and images",
           [&o](const Common& c) { return scan(c, o.scan); });
  scan_command->add_option("path", o.scan.path, "a folder, a file, or an image (docker save, OCI)")
      ->required();
  scan_command->add_option("--tenant", o.scan.tenant, "the tenant's name");
  scan_command->add_option("--searched-by", o.scan.searched_by)->group("");
  scan_command
      ->add_option("--max-size", o.scan.most_gibibytes, "read at most so many GiB, unpacked (64)")
      ->check(CLI::Range(1, 1'000'000));
  scan_command->add_option("--max-time", o.scan.most_seconds, "take at most so many seconds (3600)")
      ->check(CLI::Range(1L, 1'000'000L));
  scan_command->footer(
      "Exit code 0: all was searched and nothing found; 1: something was found, or not all could "
      "be "
      "searched.");
  leaf(app, o, kSearcherCommand, "what `strongroom serve` starts for a scan", [](const Common&) {
    return search_as_told();
  })->group("");
  leaf(app, o, workroom::kReportCommand, "what a workroom's supervisor starts",
       [&o](const Common&) { return report_end(o.id); })
      ->group("")
      ->add_option("folder", o.id)
      ->required();

  auto* run = leaf(app, o, "run", "run a command in a workroom with the keys it needs",
                   [&o](const Common& c) { return run_workroom(c, o.run); });
  session_options(run, o);
  socket_options(run, o);
  run->add_option("--runtime", o.run.runtime,
                  "process, docker, or runc (or the path of another OCI runtime)");
  workroom_options(run, o.run);
  container_options(run, o.run.container);
  run->footer("-- COMMAND [ARGUMENT...]\nThe command follows after --, and is taken as it is.");
}

}  // namespace strongroom::app
