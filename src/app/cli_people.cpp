// The commands about tenants, their members, and who calls. SPDX-License-Identifier: Apache-2.0
#include "app/cli_options.h"

namespace strongroom::app {

void add_people(CLI::App& app, Options& o) {
  auto* tenant = group(app, "tenant", "organisations");
  leaf(*tenant, o, "add", "add a tenant", [&o](const Common& c) { return tenant_add(c, o.name); })
      ->add_option("name", o.name, "its name")
      ->required();
  leaf(*tenant, o, "list", "list tenants", [](const Common& c) { return tenant_list(c); });
  leaf(*tenant, o, "remove", "remove a tenant, revoke and shred all its keys",
       [&o](const Common& c) { return tenant_remove(c, o.name); })
      ->add_option("name", o.name, "its name")
      ->required();

  auto* checks =
      leaf(*tenant, o, "checks", "have the providers of its keys asked now and then, or not",
           [&o](const Common& c) { return tenant_checks(c, o.name, o.is_on); });
  checks->add_option("name", o.name, "its name")->required();
  checks->add_option("switch", o.is_on, "on or off")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));

  auto* member = group(app, "member", "people of a tenant");
  auto* add = leaf(*member, o, "add", "add a member",
                   [&o](const Common& c) { return member_add(c, o.tenant, o.name, o.role); });
  tenant_option(add, o.tenant);
  add->add_option("name", o.name, "the member's name")->required();
  add->add_option("--role", o.role, "owner, admin, member or auditor (member)");
  leaf(*member, o, "list", "list members", [&o](const Common& c) {
    return member_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  auto* invite = leaf(*member, o, "invite", "make the link by which a member gets a password, once",
                      [&o](const Common& c) { return member_invite(c, o.tenant, o.name); });
  tenant_option(invite, o.tenant);
  invite->add_option("name", o.name, "the member's name")->required();
  auto* remove = leaf(*member, o, "remove", "remove a member and revoke their integrations",
                      [&o](const Common& c) { return member_remove(c, o.tenant, o.name); });
  tenant_option(remove, o.tenant);
  remove->add_option("name", o.name, "the member's name")->required();
}

void add_identities(CLI::App& app, Options& o) {
  auto* provider = group(app, "identity-provider", "who people of a tenant sign in through");
  auto* add = leaf(*provider, o, "add",
                   "set one up, or change it (OpenID Connect); its client's secret comes from a "
                   "hidden prompt or standard input",
                   [&o](const Common& c) { return identity_provider_add(c, o.provider); });
  add->add_option("name", o.provider.name, "what people name it by when they sign in")->required();
  tenant_option(add, o.provider.tenant);
  add->add_option("--issuer", o.provider.issuer, "https://...: it is asked for its endpoints")
      ->required();
  add->add_option("--id", o.provider.client_id, "the client's id, as the provider has it")
      ->required();
  add->add_option("--group", o.provider.groups, "which role a group has, GROUP=ROLE")->take_all();
  add->add_option("--everybody-else", o.provider.other_role,
                  "the role of whom no group has one for; without it they are not let in");
  add->add_option("--groups-claim", o.provider.groups_claim,
                  "which claim names somebody's groups (groups)");
  add->add_option("--domain", o.provider.domains,
                  "let in verified email addresses of this domain alone")
      ->take_all();
  add->add_option("--scope", o.provider.scopes, "asked for instead of email and profile")
      ->expected(1)
      ->take_all();
  add->add_flag("--no-secret", o.provider.has_no_secret, "the client has none");
  leaf(*provider, o, "list", "list them", [&o](const Common& c) {
    return identity_provider_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  auto* check =
      leaf(*provider, o, "check", "ask its issuer for its endpoints again",
           [&o](const Common& c) { return identity_provider_check(c, o.tenant, o.name); });
  tenant_option(check, o.tenant);
  check->add_option("name", o.name, "its name")->required();
  auto* remove =
      leaf(*provider, o, "remove", "nobody signs in through it any more; members stay",
           [&o](const Common& c) { return identity_provider_remove(c, o.tenant, o.name); });
  tenant_option(remove, o.tenant);
  remove->add_option("name", o.name, "its name")->required();

  auto* provisioning = group(app, "provisioning",
                             "people and groups that an identity provider keeps up to date (SCIM)");
  auto* start = leaf(*provisioning, o, "start",
                     "let one do so, or change its token; prints where it goes and the token, once",
                     [&o](const Common& c) { return provisioning_start(c, o.tenant, o.name); });
  tenant_option(start, o.tenant);
  start->add_option("name", o.name, "the identity provider's name")->required();
  auto* stop = leaf(*provisioning, o, "stop", "it does so no more; members stay",
                    [&o](const Common& c) { return provisioning_stop(c, o.tenant, o.name); });
  tenant_option(stop, o.tenant);
  stop->add_option("name", o.name, "the identity provider's name")->required();

  auto* identity = group(app, "identity", "by which accounts there members are known");
  leaf(*identity, o, "list", "list them", [&o](const Common& c) {
    return identity_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  leaf(*identity, o, "remove",
       "forget one; whoever was removed is let in by it again, as somebody new",
       [&o](const Common& c) { return identity_remove(c, o.id); })
      ->add_option("id", o.id, "its id")
      ->required();
}

void add_tokens(CLI::App& app, Options& o) {
  auto* token = group(app, "token", "what programs call the control API with (STRONGROOM_TOKEN)");
  auto* add = leaf(*token, o, "add", "make a token; prints it, once",
                   [&o](const Common& c) { return token_add(c, o.token); });
  tenant_option(add, o.token.tenant);
  add->add_option("name", o.token.name, "what people call it by")->required();
  auto* member = add->add_option("--member", o.token.member, "the member as whom it acts");
  add->add_option("--machine", o.token.machine_role,
                  "of the tenant, not a member's: as admin, member or auditor")
      ->excludes(member);
  add->add_option("--scope", o.token.scope, "all, read or sessions (all)");
  add->add_flag("--for-any-member", o.token.for_any_member,
                "a machine's that runs sessions on behalf of every member");
  add->add_option("--valid", o.token.valid_seconds, "how long it is good, as 12h or 30d (90d)")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, long>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}}))
      ->check(CLI::Range(1, 31'622'400));
  leaf(*token, o, "list", "list tokens", [&o](const Common& c) {
    return token_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  leaf(*token, o, "revoke", "make a token useless at once",
       [&o](const Common& c) { return token_revoke(c, o.id); })
      ->add_option("id", o.id, "its id")
      ->required();
  leaf(app, o, "whoami", "say whose the credential is that commands use",
       [](const Common& c) { return who_am_i(c); });
}

}  // namespace strongroom::app
