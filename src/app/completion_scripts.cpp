// The shells' side of completion. SPDX-License-Identifier: Apache-2.0
#include "app/completion.h"

namespace strongroom::app {
namespace {

// In each script, @PROGRAM@ and @ASK@ are replaced.

/// COMP_WORDS are cut at ':' and '=', which end no word of ours: they are joined again, and what
/// stands before the last cut is taken off the answers. What is inserted is quoted, whoever chose
/// it.
constexpr std::string_view kBash =
    R"sh(# Completion of strongroom for bash: source <(strongroom completion bash)
_strongroom() {
  local rest="${COMP_LINE:0:COMP_POINT}" words=() space word before i kind candidate answer
  for ((i = 0; i <= COMP_CWORD; i++)); do
    space="${rest%%[![:space:]]*}"
    rest="${rest#"$space"}"
    word="${COMP_WORDS[i]}"
    if [[ i -eq COMP_CWORD ]]; then word="$rest"; fi
    if [[ i -eq 0 || -n "$space" ]]; then words+=("$word"); else words[-1]+="$word"; fi
    rest="${rest:${#word}}"
  done
  before="${words[-1]%"$2"}"
  COMPREPLY=()
  answer="$(@PROGRAM@ @ASK@ -- "${words[@]:1}" 2>/dev/null)" || return 0
  {
    IFS= read -r kind
    case "$kind" in
      files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2"); return 0 ;;
      folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$2"); return 0 ;;
    esac
    while IFS= read -r candidate; do
      candidate="${candidate%%$'\t'*}"
      printf -v word '%q' "${candidate#"$before"}"
      COMPREPLY+=("$word")
    done
  } <<<"$answer"
}
complete -F _strongroom strongroom
)sh";

constexpr std::string_view kZsh = R"sh(#compdef strongroom
# Completion of strongroom for zsh: source <(strongroom completion zsh), or a file _strongroom in $fpath
_strongroom() {
  local -a answer candidates
  local line text
  answer=("${(@f)$(@PROGRAM@ @ASK@ -- "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  case "$answer[1]" in
    files) [[ "$PREFIX" == --*=* ]] && compset -P '*='; _files; return ;;
    folders) [[ "$PREFIX" == --*=* ]] && compset -P '*='; _files -/; return ;;
  esac
  for line in "${(@)answer[2,-1]}"; do
    text="${line%%$'\t'*}"
    candidates+=("${text//:/\\:}:${line#*$'\t'}")
  done
  _describe -t strongroom strongroom candidates
}
if [[ "$funcstack[1]" == _strongroom ]]; then _strongroom "$@"; else compdef _strongroom strongroom; fi
)sh";

constexpr std::string_view kFish =
    R"sh(# Completion of strongroom for fish: strongroom completion fish | source
function __strongroom_complete
    set -l words (commandline -opc)
    set -l answer (@PROGRAM@ @ASK@ -- $words[2..-1] (commandline -ct) 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct)
        case '*'
            string collect -- $answer[2..-1]
    end
end
complete -c strongroom -f -a '(__strongroom_complete)'
)sh";

std::string filled(std::string_view script, std::string_view mark, std::string_view text) {
  std::string out(script);
  for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at + text.size()))
    out.replace(at, mark.size(), text);
  return out;
}

/// A word that every one of the three shells reads as it is.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'' || c == '\\')
      out += std::string("'\\") + c + "'";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace

std::optional<std::string> completion_script(const std::string& shell, const std::string& program) {
  std::string_view script = kBash;
  if (shell == "zsh") script = kZsh;
  if (shell == "fish") script = kFish;
  if (shell != "bash" && shell != "zsh" && shell != "fish") return std::nullopt;
  const std::string ask = filled(script, "@ASK@", kCompletionCommand);
  return filled(ask, "@PROGRAM@", "command " + quoted(program));
}

}  // namespace strongroom::app
