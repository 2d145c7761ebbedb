// The commands about keys, skills and policies. SPDX-License-Identifier: Apache-2.0
#include "app/cli_options.h"

namespace strongroom::app {
namespace {

void policy_place(CLI::App* command, Options& o) {
  tenant_option(command, o.policy.tenant);
  command->add_option("--service", o.policy.service, "the tenant's keys of this service");
  command->add_option("--key", o.policy.key, "this key alone, by its id");
}

void add_connect(CLI::App& key, Options& o) {
  auto* connect = leaf(key, o, "connect", "log a member in at a service, by a code or a browser",
                       [&o](const Common& c) { return key_connect(c, o.connect); });
  connect->add_option("service", o.connect.client, "a service, or a client, of 'oauth client list'")
      ->required();
  connect->add_option("--tenant", o.connect.tenant, "name of the tenant");
  connect->add_option("--member", o.connect.member, "whose integration it is");
  connect->add_option("--label", o.connect.label, "tells keys of one service apart (default)");
  connect->add_option("--set", o.connect.settings, "a setting of the service, NAME=VALUE")
      ->take_all();
  connect->add_option("--key", o.connect.key, "instead: a key that needs a login again, by its id");
  connect->add_flag("--browser", o.connect.is_browser,
                    "in a browser of this machine, instead of by a code shown there");
}

void add_oauth(CLI::App& app, Options& o) {
  auto* oauth = group(app, "oauth", "where members can log in");
  auto* client = group(*oauth, "client", "who this installation is at a service");
  auto* set =
      leaf(*client, o, "set", "set one up; its secret comes from a hidden prompt or standard input",
           [&o](const Common& c) { return oauth_client_set(c, o.oauth); });
  set->add_option("name", o.oauth.name, "a service, or a name of your own")->required();
  set->add_option("--id", o.oauth.client_id, "the client's id, as the provider has it")->required();
  set->add_option("--issuer", o.oauth.issuer, "https://...: it is asked for its endpoints");
  set->add_option("--service", o.oauth.service,
                  "what its logins give, where the name is your own (generic-oauth)");
  set->add_option("--scope", o.oauth.scopes, "asked for instead of the catalogue's")
      ->expected(1)
      ->take_all();
  set->add_flag("--no-secret", o.oauth.has_no_secret, "it has none");
  leaf(*client, o, "list", "list them", [](const Common& c) { return oauth_client_list(c); });
  leaf(*client, o, "remove", "remove one that has no logins",
       [&o](const Common& c) { return oauth_client_remove(c, o.oauth.name); })
      ->add_option("name", o.oauth.name, "its name")
      ->required();
}

}  // namespace

void add_keys(CLI::App& app, Options& o) {
  auto* key =
      group(app, "key",
            "keys: the value comes from a hidden prompt or standard input, never an argument");
  auto* add =
      leaf(*key, o, "add", "store a key", [&o](const Common& c) { return key_add(c, o.key); });
  add->add_option("service", o.key.service, "the service, as in 'strongroom service list'")
      ->required();
  tenant_option(add, o.key.tenant);
  add->add_option("--member", o.key.member,
                  "makes it this member's integration; without: the tenant's skill secret");
  add->add_option("--label", o.key.label, "tells keys of one service apart (default)");
  add->add_option("--set", o.key.settings, "a setting of the service, NAME=VALUE")->take_all();
  add->add_flag(
      "--dynamic", o.key.is_dynamic,
      "each session gets a role or key of its own, made by this key, which stays in the vault, and "
      "destroyed at the session's end (postgres, mysql, tailscale)");
  add->add_option("--grant-role", o.key.grant_role,
                  "with --dynamic: a role of the database whose rights each session's gets");
  add->add_option("--template", o.key.template_file,
                  "with --dynamic: file of statements that give {{role}} its rights");
  add->add_option(
      "--owned", o.key.owned,
      "with --dynamic (postgres): what a session's role made is given to this key's role "
      "(reassign, the default) or dropped (drop)");
  add->add_option("--expires", o.key.expires,
                  "it is not used from this day on, as 2027-01-31, or for so long, as 90d");
  add_connect(*key, o);
  leaf(*key, o, "list", "list keys", [&o](const Common& c) {
    return key_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  const auto with_id = [&](const char* name, const char* help,
                           std::function<int(const Common&)> run) {
    auto* command = leaf(*key, o, name, help, std::move(run));
    command->add_option("id", o.id, "the key's id")->required();
    return command;
  };
  with_id("show", "show one key, never its value",
          [&o](const Common& c) { return key_show(c, o.id); });
  with_id("rotate", "put a new version in, without a gap",
          [&o](const Common& c) { return key_rotate(c, o.id, o.key.expires); })
      ->add_option("--expires", o.key.expires,
                   "of the new one: it is not used from this day on, as 2027-01-31, or 90d");
  with_id("check", "ask the provider whether it accepts the key",
          [&o](const Common& c) { return key_check(c, o.id); });
  with_id("revoke", "switch it off everywhere, and prove it",
          [&o](const Common& c) { return key_revoke(c, o.id); });
  auto* checks = with_id("checks", "have the provider asked now and then, or not",
                         [&o](const Common& c) { return key_checks(c, o.id, o.is_on); });
  checks->add_option("switch", o.is_on, "on or off")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  add_oauth(app, o);
  auto* service = group(app, "service", "the catalogue");
  leaf(*service, o, "list", "list services", [](const Common& c) { return service_list(c); });
}

void add_skills(CLI::App& app, Options& o) {
  auto* skill = group(app, "skill", "what an AI capability needs, named once");
  auto* add = leaf(*skill, o, "add", "name a skill",
                   [&o](const Common& c) { return skill_add(c, o.tenant, o.name, o.services); });
  tenant_option(add, o.tenant);
  add->add_option("name", o.name, "its name")->required();
  add->add_option("--service", o.services, "a service it needs (SERVICE or SERVICE:LABEL)")
      ->required();
  leaf(*skill, o, "list", "list skills", [&o](const Common& c) {
    return skill_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  auto* remove = leaf(*skill, o, "remove", "remove a skill",
                      [&o](const Common& c) { return skill_remove(c, o.tenant, o.name); });
  tenant_option(remove, o.tenant);
  remove->add_option("name", o.name, "its name")->required();
}

void add_policies(CLI::App& app, Options& o) {
  auto* policy = group(app, "policy", "what keys may be used for, and how much");
  auto* set = leaf(*policy, o, "set", "make or change a policy; what is not named stays",
                   [&o](const Common& c) { return policy_set(c, o.policy); });
  policy_place(set, o);
  set->add_option("--deny", o.policy.deny,
                  "a rule that refuses, as 'DELETE /v1/**'; wins over --allow")
      ->expected(1)
      ->take_all();
  set->add_option("--allow", o.policy.allow,
                  "a rule that allows, as 'GET,POST /v1/**'; what none allows is "
                  "refused then")
      ->expected(1)
      ->take_all();
  set->add_option("--open", o.policy.open,
                  "a rule for routes that the catalogue closes unless they are opened, as 'POST "
                  "/v1/*'; each use is recorded as such")
      ->expected(1)
      ->take_all();
  set->add_flag("--no-open", o.policy.no_open, "close them again");
  set->add_option("--on-echo", o.policy.on_echo,
                  "when an answer holds the key: mask it, or cut the connection")
      ->check(CLI::IsMember({"mask", "cut"}));
  set->add_option("--on-misplaced", o.policy.on_misplaced,
                  "when a request holds a pass where it does not belong: refuse it, or mask the "
                  "pass in bodies and messages")
      ->check(CLI::IsMember({"refuse", "mask"}));
  set->add_option("--tunnel", o.policy.tunnels,
                  "HOST:PORT that the tenant's sessions may reach by a plain tunnel")
      ->expected(1)
      ->take_all();
  set->add_flag("--no-tunnel", o.policy.no_tunnels, "lift the tunnels");
  set->add_flag("--no-deny", o.policy.no_deny, "lift the rules that refuse");
  set->add_flag("--no-allow", o.policy.no_allow, "lift the rules that allow");
  set->add_option("--rpm", o.policy.requests_per_minute, "requests a minute; 0 lifts");
  set->add_option("--concurrent", o.policy.concurrent, "requests and streams at once; 0 lifts");
  set->add_option("--bytes-per-day", o.policy.bytes_per_day, "octets both ways; 0 lifts");
  set->add_option("--budget", o.policy.budget,
                  "units a day of what the answers state, as tokens=1000000; none lifts");
  auto* show = leaf(*policy, o, "show", "show one policy, and what was spent under it today",
                    [&o](const Common& c) { return policy_show(c, o.policy); });
  policy_place(show, o);
  leaf(*policy, o, "list", "list policies", [&o](const Common& c) {
    return policy_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  auto* remove = leaf(*policy, o, "remove", "lift a policy",
                      [&o](const Common& c) { return policy_remove(c, o.policy); });
  policy_place(remove, o);
}

}  // namespace strongroom::app
