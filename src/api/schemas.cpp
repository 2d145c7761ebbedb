// Every document of the API, member by member. SPDX-License-Identifier: Apache-2.0
#include <array>

#include "api/access_schemas.h"
#include "api/identity_schemas.h"
#include "api/oauth_schemas.h"
#include "api/receipt_schemas.h"
#include "api/schema.h"
#include "api/session_schemas.h"

namespace strongroom::api {
namespace {

constexpr std::string_view kHomes = "skill|integration";
constexpr std::string_view kRoles = "owner|admin|member|auditor";

constexpr std::array kErrorBody = {
    Member{"code", Kind::Text, Need::Required, "Stable word, e.g. key_revoked, not_found"},
    Member{"message", Kind::Text, Need::Required, "A sentence for a person"},
    Member{"hint", Kind::Text, Need::Optional, "What would mend it"}};
constexpr std::array kError = {
    Member{"error", Kind::Object, Need::Required, "What went wrong", "ErrorBody"}};

constexpr std::array kInstallation = {
    Member{"id", Kind::Text, Need::Required, "Identifier of this installation"},
    Member{"version", Kind::Text, Need::Required, "Version of the program"},
    Member{"receipt_public_key", Kind::Text, Need::Required,
           "Ed25519 public key of receipts and checkpoints, base64"},
    Member{"seal", Kind::Text, Need::Required,
           "What protects the root key, by kind: file, passphrase, shares"},
    Member{"seal_state", Kind::Text, Need::Required, "open while the server runs", "open"},
    Member{"gateway", Kind::Text, Need::Required, "Base URL of the gateway"},
    Member{"gateway_authority", Kind::Text, Need::Required,
           "PEM certificate of who signed the gateway's own; empty for an operator's own one"},
    Member{"provider_authorities", Kind::Text, Need::Required,
           "PEM certificates that the operator trusts beside the public roots; may be empty"},
    Member{"time", Kind::Time, Need::Required, "The server's clock"}};

constexpr std::array kRowFault = {Member{"table", Kind::Text, Need::Required, "Where it stands"},
                                  Member{"row", Kind::Text, Need::Required, "Its key, as key_..."}};
constexpr std::array kInspection = {
    Member{"rows", Kind::Integer, Need::Required, "Rows that were looked at"},
    Member{"faults", Kind::ObjectList, Need::Required,
           "Rows that do not authenticate, the first 100", "RowFault"},
    Member{"fault_count", Kind::Integer, Need::Required, "How many there are"},
    Member{"damage", Kind::TextList, Need::Required, "What is wrong with the database's file"},
    Member{"is_content_right", Kind::Flag, Need::Nullable,
           "No row was added, deleted or put back; null: not looked at, as the content changed "
           "meanwhile or something else is wrong"},
    Member{
        "tenants", Kind::TextList, Need::Required,
        "Whose rows those are, as ten_..., the first 100; rows that name no tenant are nobody's"}};

constexpr std::array kTenant = {Member{"id", Kind::Text, Need::Required, "ten_..."},
                                Member{"name", Kind::Text, Need::Required, "Unique name"},
                                Member{"state", Kind::Text, Need::Required, "active or removed"},
                                Member{"created", Kind::Time, Need::Required, "When it was added"}};
constexpr std::array kNewTenant = {
    Member{"name", Kind::Text, Need::Required, "a-z 0-9 - _ . @, at most 64"}};

constexpr std::array kMember = {
    Member{"id", Kind::Text, Need::Required, "mem_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"name", Kind::Text, Need::Required, "Unique within the tenant"},
    Member{"role", Kind::Text, Need::Required, "What the member may do", kRoles},
    Member{"withheld", Kind::Flag, Need::Required,
           "No group that they were provisioned in has a role any more: they have no access"},
    Member{"created", Kind::Time, Need::Required, "When the member was added"}};
constexpr std::array kNewMember = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"name", Kind::Text, Need::Required, "Unique within the tenant"},
    Member{"role", Kind::Text, Need::Optional, "member when missing", kRoles}};

constexpr std::array kSetting = {
    Member{"name", Kind::Text, Need::Required, "Name to use in a key's settings"},
    Member{"kind", Kind::Text, Need::Required, "host, port, header, text, variable, path"},
    Member{"required", Kind::Flag, Need::Required, "Must be given"},
    Member{"default", Kind::Text, Need::Required, "Taken when not given; may be empty"},
    Member{"help", Kind::Text, Need::Required, "For people"}};
constexpr std::array kService = {
    Member{"id", Kind::Text, Need::Required, "gemini, github, ..."},
    Member{"title", Kind::Text, Need::Required, "Name for people"},
    Member{"delivery", Kind::Text, Need::Required,
           "How keys of this service reach the agent's code", "proxied|injected"},
    Member{"homes", Kind::TextList, Need::Required, "Allowed homes, the default first"},
    Member{"hosts", Kind::TextList, Need::Required, "Where a proxied key may be sent"},
    Member{"variables", Kind::TextList, Need::Required, "Variables a workroom gets"},
    Member{"settings", Kind::ObjectList, Need::Required, "What is filled in when a key is added",
           "Setting"},
    Member{"can_check", Kind::Flag, Need::Required,
           "The provider can be asked whether it accepts a key"},
    Member{"ends_at_source", Kind::Flag, Need::Required,
           "A revoke has the provider end the key, too: for every copy, and for good"},
    Member{"console_url", Kind::Text, Need::Required, "Where the key is managed at the provider"}};

constexpr std::array kServiceDefinition = {
    Member{"text", Kind::Text, Need::Required, "As it would stand in a file of catalog/ (TOML)"}};
constexpr std::array kCheckedService = {
    Member{"accepted", Kind::Flag, Need::Required, "The server would start with it"},
    Member{"why", Kind::Text, Need::Required, "Why not, else empty"},
    Member{"line", Kind::Integer, Need::Required, "Where the mistake is; 0: at none in particular"},
    Member{"service", Kind::Object, Need::Optional, "What it would be", "Service"}};

constexpr std::array kKey = {
    Member{"id", Kind::Text, Need::Required, "key_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"service", Kind::Text, Need::Required, "What kind of key it is"},
    Member{"label", Kind::Text, Need::Required, "Tells keys of one service apart"},
    Member{"delivery", Kind::Text, Need::Required,
           "proxied: never enters a workroom; injected: set as variables inside",
           "proxied|injected"},
    Member{"home", Kind::Text, Need::Required,
           "skill: serves the tenant; integration: one member's", kHomes},
    Member{"owner", Kind::Text, Need::Required, "The member of an integration, else empty"},
    Member{"state", Kind::Text, Need::Required,
           "Whether it is used; expiring: within 14 days; expired: not used any more",
           "active|expiring|expired|rejected_by_provider|needs_login|revoked"},
    Member{"is_login", Kind::Flag, Need::Required, "A member's login, which renews itself"},
    Member{"version", Kind::Integer, Need::Required, "Counts rotations, from 1"},
    Member{"created", Kind::Time, Need::Required, "When it was added"},
    Member{"changed", Kind::Time, Need::Required, "Last rotation or change of state"},
    Member{"last_used", Kind::Time, Need::Nullable, "Last use, if any"},
    Member{"expires", Kind::Time, Need::Nullable, "It is not used from then on"},
    Member{"scheduled_checks", Kind::Flag, Need::Required,
           "Its provider is asked now and then whether it accepts the key"},
    Member{"last_characters", Kind::Text, Need::Required,
           "Four characters for long keys, else empty. All that is ever shown"},
    Member{"settings", Kind::TextMap, Need::Required, "Host, user and the like; never secret"}};
constexpr std::array kNewKey = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"service", Kind::Text, Need::Required, "Id of the service"},
    Member{"value", Kind::Secret, Need::Required, "The key itself. Goes in only"},
    Member{"label", Kind::Text, Need::Optional, "default when missing"},
    Member{"member", Kind::Text, Need::Optional,
           "Makes it this member's integration; without, a skill secret"},
    Member{"settings", Kind::TextMap, Need::Optional, "What the service asks for"},
    Member{"expires", Kind::Time, Need::Optional, "It is not used from then on"}};
constexpr std::array kChecksSwitch = {
    Member{"scheduled", Kind::Flag, Need::Required, "Ask the providers now and then, or not"}};
constexpr std::array kNewValue = {
    Member{"value", Kind::Secret, Need::Required, "The new value. Goes in only"},
    Member{"expires", Kind::Time, Need::Optional, "It is not used from then on"}};
constexpr std::array kCheck = {
    Member{"verdict", Kind::Text, Need::Required, "What the provider thinks of the key",
           "accepted|rejected|unknown"},
    Member{"status", Kind::Integer, Need::Required,
           "The provider's status; 0 when it was not reached"},
    Member{"message", Kind::Text, Need::Required, "For people"}};

constexpr std::array kSkill = {
    Member{"id", Kind::Text, Need::Required, "skl_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"name", Kind::Text, Need::Required, "Unique within the tenant"},
    Member{"services", Kind::TextList, Need::Required, "service or service:label"}};
constexpr std::array kNewSkill = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"name", Kind::Text, Need::Required, "Unique within the tenant"},
    Member{"services", Kind::TextList, Need::Required, "service or service:label"}};

constexpr std::array kPolicy = {
    Member{"id", Kind::Text, Need::Required, "pol_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"service", Kind::Text, Need::Required, "Id of the service; empty: the whole tenant"},
    Member{"key", Kind::Text, Need::Nullable, "The one key it is for"},
    Member{"allow", Kind::TextList, Need::Required, "Rules; empty: what is not denied"},
    Member{"deny", Kind::TextList, Need::Required, "Rules; they win"},
    Member{"open", Kind::TextList, Need::Required,
           "Rules for what the catalogue closes unless it is opened"},
    Member{"on_echo", Kind::Text, Need::Required, "When an answer holds the key", "mask|cut"},
    Member{"on_misplaced", Kind::Text, Need::Required,
           "When a request holds a pass where it does not belong", "refuse|mask"},
    Member{"requests_per_minute", Kind::Integer, Need::Required, "0: no limit"},
    Member{"concurrent", Kind::Integer, Need::Required,
           "Requests and streams at once; 0: no limit"},
    Member{"bytes_per_day", Kind::Integer, Need::Required, "Octets both ways; 0: no limit"},
    Member{"budget_unit", Kind::Text, Need::Required, "tokens, characters, ...; else empty"},
    Member{"budget_per_day", Kind::Integer, Need::Required, "0: no budget"},
    Member{"tunnels", Kind::TextList, Need::Required,
           "HOST:PORT that the tenant's sessions reach by plain tunnels, without any key"},
    Member{"bytes_today", Kind::Integer, Need::Required, "Spent since midnight UTC"},
    Member{"units_today", Kind::Integer, Need::Required, "Spent since midnight UTC"},
    Member{"changed", Kind::Time, Need::Required, "When it was set last"}};
constexpr std::array kPolicyChange = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"service", Kind::Text, Need::Optional, "For the tenant's keys of this service"},
    Member{"key", Kind::Text, Need::Optional, "For this key alone"},
    Member{"allow", Kind::TextList, Need::Optional, "Rules as 'GET,POST /v1/**'; [] lifts"},
    Member{"deny", Kind::TextList, Need::Optional, "Rules; [] lifts"},
    Member{"open", Kind::TextList, Need::Optional,
           "Rules for what the catalogue closes unless it is opened; [] lifts"},
    Member{"on_echo", Kind::Text, Need::Optional, "When an answer holds the key", "mask|cut"},
    Member{"on_misplaced", Kind::Text, Need::Optional,
           "When a request holds a pass where it does not belong", "refuse|mask"},
    Member{"requests_per_minute", Kind::Integer, Need::Optional, "0 lifts"},
    Member{"concurrent", Kind::Integer, Need::Optional, "0 lifts"},
    Member{"bytes_per_day", Kind::Integer, Need::Optional, "0 lifts"},
    Member{"budget_unit", Kind::Text, Need::Optional, "What the service's answers state"},
    Member{"budget_per_day", Kind::Integer, Need::Optional, "0 lifts"},
    Member{"tunnels", Kind::TextList, Need::Optional, "HOST:PORT, of a whole tenant; [] lifts"}};

constexpr std::array kEntry = {
    Member{"id", Kind::Text, Need::Required, "Sequence in the record"},
    Member{"time", Kind::Time, Need::Required, "When"},
    Member{"action", Kind::Text, Need::Required, "key.add, key.revoke, use, finding, ..."},
    Member{"actor", Kind::Text, Need::Optional, "operator, vault, provider, agent, gateway"},
    Member{"tenant", Kind::Text, Need::Optional, "Name, or the id of one that is gone"},
    Member{"tenant_id", Kind::Text, Need::Optional, "ten_..."},
    Member{"member", Kind::Text, Need::Optional, "Name, or the id of one who is gone"},
    Member{"member_id", Kind::Text, Need::Optional, "mem_..."},
    Member{"session", Kind::Text, Need::Optional, "ses_..."},
    Member{"key", Kind::Text, Need::Optional, "key_..."},
    Member{"key_version", Kind::Integer, Need::Optional, "Which version was used"},
    Member{"holder", Kind::Text, Need::Optional, "The gateway or runner that used it"},
    Member{"service", Kind::Text, Need::Optional, "Id of the service"},
    Member{"host", Kind::Text, Need::Optional, "Where the key was sent"},
    Member{"method", Kind::Text, Need::Optional, "Of the request"},
    Member{"path", Kind::Text, Need::Optional, "Of the request, without its query"},
    Member{"status", Kind::Integer, Need::Optional, "What the provider answered"},
    Member{"bytes_up", Kind::Integer, Need::Optional, "Octets sent"},
    Member{"bytes_down", Kind::Integer, Need::Optional, "Octets received"},
    Member{"micros", Kind::Integer, Need::Optional, "How long it took"},
    Member{"outcome", Kind::Text, Need::Optional, "How it ended"},
    Member{"detail", Kind::Text, Need::Optional, "For people"}};
constexpr std::array kVerified = {
    Member{"entries", Kind::Integer, Need::Required, "Entries whose chain holds"},
    Member{"checkpoints", Kind::Integer, Need::Required, "Signatures that are right"},
    Member{"after_last_checkpoint", Kind::Integer, Need::Required,
           "Entries not yet under a signature"},
    Member{"head", Kind::Text, Need::Required, "Hash of the last entry, hex"},
    Member{"tree_size", Kind::Integer, Need::Required,
           "Entries under the tree's newest checkpoint"},
    Member{"tree_root", Kind::Text, Need::Required, "Its root, base64; empty: none yet"}};
constexpr std::array kViewEntry = {
    Member{"index", Kind::Integer, Need::Required, "Its number in the tree"},
    Member{"entry", Kind::Text, Need::Required, "Its octets, base64"}};
constexpr std::array kRecordView = {
    Member{"tenant", Kind::Text, Need::Required, "tnt_..."},
    Member{"checkpoint", Kind::Text, Need::Required, "The signed note over the whole record"},
    Member{"entries", Kind::ObjectList, Need::Required, "In order", "ViewEntry"},
    Member{"hashes", Kind::TextList, Need::Required,
           "Of the largest subtrees without any of them, in order, base64"}};
constexpr std::array kSink = {
    Member{"id", Kind::Text, Need::Required, "Its name in the configuration"},
    Member{"kind", Kind::Text, Need::Required,
           "sink: gets the entries; witness: signs the checkpoints", "sink|witness"},
    Member{"to", Kind::Text, Need::Required, "Where it is, without a query"},
    Member{"required", Kind::Flag, Need::Required, "Uses of keys wait when it takes nothing"},
    Member{"state", Kind::Text, Need::Required,
           "holding: it is required, and uses of keys wait for it; stopped: until the next start; "
           "contradicting: a witness has seen another record",
           "current|sending|failing|holding|stopped|contradicting"},
    Member{"sent", Kind::Integer, Need::Required, "Entries that it has taken, or signed"},
    Member{"pending", Kind::Integer, Need::Required, "Entries that wait for it"},
    Member{"behind_seconds", Kind::Integer, Need::Required, "Since when something waits"},
    Member{"last_taken", Kind::Time, Need::Required, "Since the start; empty: nothing yet"},
    Member{"error", Kind::Text, Need::Required, "Of the last attempt; empty: none"}};
constexpr std::array kSeal = {
    Member{"id", Kind::Text, Need::Required, "sea_..."},
    Member{"kind", Kind::Text, Need::Required, "What it opens by",
           "file|passphrase|shares|pkcs11|transit|aws-kms|tpm2|credential"},
    Member{
        "detail", Kind::Text, Need::Required,
        "A file's path where it is not seal.key, how many shares are needed, as '2 of 3', the name "
        "of an external seal"},
    Member{"created", Kind::Time, Need::Required, "When it was added"},
    Member{"state", Kind::Text, Need::Required,
           "When it was last looked at; asks: for somebody, who brings a passphrase or shares",
           "opens|fails|asks|unseen"},
    Member{"why", Kind::Text, Need::Required, "Why it fails, or empty"},
    Member{"seen", Kind::Time, Need::Nullable, "When it was looked at"}};
constexpr std::array kAddedSeal = {
    Member{"id", Kind::Text, Need::Required, "sea_..."},
    Member{"kind", Kind::Text, Need::Required, "What it opens by",
           "file|passphrase|shares|pkcs11|transit|aws-kms|tpm2|credential"},
    Member{"detail", Kind::Text, Need::Required, "As in a list"},
    Member{"created", Kind::Time, Need::Required, "When it was added"},
    Member{"state", Kind::Text, Need::Required, "As in a list", "opens|fails|asks|unseen"},
    Member{"why", Kind::Text, Need::Required, "As in a list"},
    Member{"seen", Kind::Time, Need::Nullable, "As in a list"},
    Member{"shares", Kind::TextList, Need::Required, "Of a seal by shares: seen this one time"}};
constexpr std::array kNewSeal = {
    Member{"kind", Kind::Text, Need::Required,
           "What it opens by; external: what an [[external_seal]] of the configuration says",
           "file|passphrase|shares|external"},
    Member{"name", Kind::Text, Need::Optional, "Of an external seal: its name there"},
    Member{"value", Kind::Secret, Need::Optional, "The passphrase. Goes in only"},
    Member{"path", Kind::Text, Need::Optional, "Of a file: absolute, made by the server"},
    Member{"shares", Kind::Integer, Need::Optional, "How many shares, 2 to 255"},
    Member{"threshold", Kind::Integer, Need::Optional, "How many of them open"}};
constexpr std::array kSealRenewal = {
    Member{"value", Kind::Secret, Need::Optional,
           "The next passphrase, where it opens by one. Goes in only"}};
constexpr std::array kNewShares = {Member{"seal", Kind::Text, Need::Required, "sea_..."},
                                   Member{"shares", Kind::TextList, Need::Required,
                                          "What opens it from now on: seen this one time"}};
constexpr std::array kUnseal = {
    Member{"kind", Kind::Text, Need::Optional,
           "What is brought; without it the seals that open by themselves are tried again",
           "passphrase|share"},
    Member{"value", Kind::Secret, Need::Optional, "The passphrase or the share. Goes in only"}};
constexpr std::array kSealState = {
    Member{"seal_state", Kind::Text, Need::Required, "Afterwards", "open|sealed"},
    Member{"waits_for", Kind::Text, Need::Required, "What is still wanted, for people"}};

constexpr std::array kNewRewrap = {
    Member{"share", Kind::Integer, Need::Optional,
           "How much of the vault's time it may take, 1 to 100 in hundredths; 50 when missing"}};
constexpr std::array kNewRootKey = {
    Member{"value", Kind::Secret, Need::Optional,
           "The next passphrase, where a seal is by passphrase. Goes in only"}};
constexpr std::array kRootRotation = {
    Member{"seals", Kind::ObjectList, Need::Required, "That open it from now on", "Seal"},
    Member{"at", Kind::Time, Need::Required, "When"},
    Member{"overwritten", Kind::Flag, Need::Required,
           "The old keys in files of seals were written over"},
    Member{"forgotten", Kind::Flag, Need::Required,
           "No file of the database holds anything under the old root key"},
    Member{"new_shares", Kind::ObjectList, Need::Required, "Of seals by shares", "NewShares"}};
constexpr std::array kNewShred = {
    Member{"value", Kind::Secret, Need::Optional,
           "The next passphrase, where a seal is by passphrase. Goes in only"},
    Member{"share", Kind::Integer, Need::Optional,
           "How much of the vault's time it may take, 1 to 100 in hundredths; 50 when missing"}};
constexpr std::array kRewrap = {
    Member{"tenant", Kind::Text, Need::Required, "Its name"},
    Member{"state", Kind::Text, Need::Required, "Where it is", "running|done|failed"},
    Member{"epoch", Kind::Integer, Need::Required, "The tenant's epoch from now on"},
    Member{"keys", Kind::Integer, Need::Required, "How many the tenant had when it began"},
    Member{"seen", Kind::Integer, Need::Required, "Of these, since the server's start"},
    Member{"rewrapped", Kind::Integer, Need::Required, "Records sealed anew since then"},
    Member{"left", Kind::Integer, Need::Required, "Records of an old epoch, counted at the end: 0"},
    Member{"forgotten", Kind::Flag, Need::Required,
           "No file of the database holds the old seed any more"},
    Member{"why", Kind::Text, Need::Required, "Why it failed, or empty"},
    Member{"receipt", Kind::Text, Need::Required, "Of a shred that is done: rcp_..., or empty"},
    Member{"begun", Kind::Time, Need::Required, "When the epoch was"},
    Member{"ended", Kind::Time, Need::Nullable, "When it was done, or failed"},
    Member{"new_shares", Kind::ObjectList, Need::Optional,
           "When a shred begins: of seals by shares", "NewShares"}};

constexpr std::array<Member, 0> kEmpty = {};

constexpr std::array kSchemas = {
    Schema{"Error", "Every answer with a status from 400", kError},
    Schema{"ErrorBody", "What went wrong", kErrorBody},
    Schema{"Installation", "This Strongroom", kInstallation},
    Schema{"RowFault", "A row that does not authenticate", kRowFault},
    Schema{"Inspection", "What a look at all that is stored has found", kInspection},
    Schema{"Tenant", "An organisation", kTenant},
    Schema{"NewTenant", "A tenant to add", kNewTenant},
    Schema{"Member", "A person in a tenant", kMember},
    Schema{"NewMember", "A member to add", kNewMember},
    Schema{"Setting", "One thing to fill in", kSetting},
    Schema{"Service", "A kind of key", kService},
    Schema{"ServiceDefinition", "A service that somebody is writing", kServiceDefinition},
    Schema{"CheckedService", "What is to be said of it", kCheckedService},
    Schema{"Key", "A stored key, without its value", kKey},
    Schema{"NewKey", "A key to store", kNewKey},
    Schema{"NewValue", "A key's next version", kNewValue},
    Schema{"Check", "What the provider said", kCheck},
    Schema{"IdentityProvider", "Who people of a tenant sign in through", kIdentityProvider},
    Schema{"NewIdentityProvider", "One to set up", kNewIdentityProvider},
    Schema{"Provisioning", "What a provider's SCIM client is given", kProvisioning},
    Schema{"WantedProvider", "Who somebody wants to sign in through", kWantedProvider},
    Schema{"WantedIdentity", "Where you want to be known", kWantedIdentity},
    Schema{"ProviderPage", "A page of the provider's", kProviderPage},
    Schema{"ProviderAnswer", "What came back from it", kProviderAnswer},
    Schema{"IdentityAnswer", "What came back from it", kIdentityAnswer},
    Schema{"LogoutToken", "Whom a provider has signed out", kLogoutToken},
    Schema{"Identity", "Whom an account at a provider is here", kIdentity},
    Schema{"OAuthClient", "Where members can log in", kOAuthClient},
    Schema{"NewOAuthClient", "A client to set up", kNewOAuthClient},
    Schema{"NewLogin", "A login to begin", kNewLogin},
    Schema{"Login", "A login under way, or what it came to", kLogin},
    Schema{"LoginAnswer", "What a browser has brought back", kLoginAnswer},
    Schema{"Skill", "An AI capability of a tenant", kSkill},
    Schema{"NewSkill", "A skill to add", kNewSkill},
    Schema{"Policy", "What keys may be used for, and how much", kPolicy},
    Schema{"PolicyChange", "What is given replaces what was there; the rest stays", kPolicyChange},
    Schema{"Grant", "A key that serves a session", kGrant},
    Schema{"SessionCredential", "A credential made at its source for one session",
           kSessionCredential},
    Schema{"Session", "One run of a workroom", kSession},
    Schema{"Traffic", "What went through the gateway", kTraffic},
    Schema{"SessionHolder", "A gateway or runner of a session", kSessionHolder},
    Schema{"SessionEvent", "Something that happened in a session", kSessionEvent},
    Schema{"Ticket", "The right to start one session, once", kTicket},
    Schema{"NewTicket", "A ticket to make", kNewTicket},
    Schema{"UseTicket", "What a ticket's session is used for", kUseTicket},
    Schema{"Runner", "What a runner needs that has no other right", kRunner},
    Schema{"NewSession", "A session to start", kNewSession},
    Schema{"Pass", "What stands in a proxied key's place", kPass},
    Schema{"Injected", "An injected key to be leased", kInjected},
    Schema{"SessionProxy", "How a workroom's tools reach hosts through the gateway", kSessionProxy},
    Schema{"StartedSession", "A session and all that its workroom needs", kStartedSession},
    Schema{"EndSession", "Why it ends", kEndSession},
    Schema{"Holder", "A gateway or runner that held a lease", kHolder},
    Schema{"ExposedProcess", "A process that was given an injected key", kExposedProcess},
    Schema{"Fenced", "R1", kFenced},
    Schema{"Withdrawn", "R2", kWithdrawn},
    Schema{"SupervisorReport", "Who has ended what a lost runner left", kSupervisorReport},
    Schema{"EndReport", "What became of the processes of a dead runner", kEndReport},
    Schema{"Claim", "R3 and R4", kClaim},
    Schema{"ExposedCredential", "A credential made for a session", kExposedCredential},
    Schema{"ReceiptBody", "What is signed", kReceiptBody},
    Schema{"Receipt", "The signed answer of a revoke", kReceipt},
    Schema{"ReceiptRow", "A receipt in a list", kReceiptRow},
    Schema{"Access", "Who somebody is here", kAccess},
    Schema{"SignIn", "A member at one browser", kSignIn},
    Schema{"StartedSignIn", "A sign-in, and what its page sends back", kStartedSignIn},
    Schema{"NewSignIn", "Who signs in", kNewSignIn},
    Schema{"SignedOut", "A sign-in that has ended", kSignedOut},
    Schema{"Confirmation", "That it is you, again: one of them", kConfirmation},
    Schema{"ChangedPassword", "Your password, and the one after it", kChangedPassword},
    Schema{"SecondFactor", "Codes beside the password", kSecondFactor},
    Schema{"NewSecondFactor", "One that waits for its first code", kNewSecondFactor},
    Schema{"Code", "A code of the second factor", kCode},
    Schema{"RecoveryCodes", "For the day on which it is lost", kRecoveryCodes},
    Schema{"Passkey", "A passkey of yours", kPasskey},
    Schema{"PasskeyChallenge", "What is to be signed", kPasskeyChallenge},
    Schema{"PasskeyRequest", "What a passkey is to be made with", kPasskeyRequest},
    Schema{"NewPasskey", "A passkey that a browser has made", kNewPasskey},
    Schema{"InvitedPasskey", "The same, of whom an invitation is for", kInvitedPasskey},
    Schema{"PasskeyAssertion", "What a passkey has signed", kPasskeyAssertion},
    Schema{"NewInvitation", "Whom to invite", kNewInvitation},
    Schema{"Invitation", "A way in, once", kInvitation},
    Schema{"AddedInvitation", "One that was made", kAddedInvitation},
    Schema{"NewPassword", "A member's password", kNewPassword},
    Schema{"Token", "What a program calls the control API with", kToken},
    Schema{"NewToken", "A token to make", kNewToken},
    Schema{"AddedToken", "A token that was made", kAddedToken},
    Schema{"Seal", "A way to the root key", kSeal},
    Schema{"NewSeal", "A seal to add", kNewSeal},
    Schema{"AddedSeal", "A seal that was added", kAddedSeal},
    Schema{"SealRenewal", "What a seal is to open by", kSealRenewal},
    Schema{"NewShares", "New shares of a seal", kNewShares},
    Schema{"Unseal", "What opens a sealed server", kUnseal},
    Schema{"SealState", "Whether the root key is open", kSealState},
    Schema{"ChecksSwitch", "Whether providers are asked now and then", kChecksSwitch},
    Schema{"NewRewrap", "A rewrap to begin", kNewRewrap},
    Schema{"Rewrap", "How a rewrap goes on", kRewrap},
    Schema{"NewRootKey", "A rotation of the root key", kNewRootKey},
    Schema{"RootRotation", "A rotation that is done", kRootRotation},
    Schema{"NewShred", "A shred to begin", kNewShred},
    Schema{"Entry", "One entry of the record", kEntry},
    Schema{"Verified", "The record holds", kVerified},
    Schema{"ViewEntry", "An entry of a view", kViewEntry},
    Schema{"RecordView", "A tenant's part of the record, with its proof", kRecordView},
    Schema{"Sink", "Where the record goes", kSink},
    Schema{"Empty", "Nothing; the body may be missing", kEmpty}};

}  // namespace

std::span<const Schema> schemas() {
  return kSchemas;
}

}  // namespace strongroom::api
