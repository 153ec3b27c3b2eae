internal import ArgumentParser

/// The scripts that shells read. They pass the words up to the cursor to this program, so that what they offer is always
/// what it takes; only what a shell knows itself, its files and commands, is left to it.
enum CompletionScript: String, CaseIterable, ExpressibleByArgument {
    case bash, zsh, fish

    /// The argument by which a script requests candidates.
    static let request = "--words"

    var text: String {
        switch self {
        case .bash: Self.bashText
        case .zsh: Self.zshText
        case .fish: Self.fishText
        }
    }

    /// bash splits words at the characters of COMP_WORDBREAKS, `@` of an account's name and `=` among them: they are put
    /// together again, and what readline does not replace is cut off from the candidates.
    private static let bashText = #"""
        # bash completion for authagent, printed by 'authagent completion bash'.
        _authagent() {
            local line=${COMP_LINE:0:COMP_POINT} words=() word rest index lines=()
            rest=$line
            for ((index = 0; index <= COMP_CWORD; index++)); do
                word=${COMP_WORDS[index]}
                local gap=${rest%%[![:space:]]*}
                rest=${rest#"$gap"}
                # The word at the cursor ends there.
                ((index < COMP_CWORD)) || word=$rest
                rest=${rest#"$word"}
                if ((index == 0)) || [[ -n $gap ]]; then words+=("$word"); else words[-1]+=$word; fi
            done
            local current=${words[-1]##*[$COMP_WORDBREAKS]} kept=${words[-1]}
            kept=${kept%"$current"}
            COMPREPLY=()
            mapfile -t lines < <(command "${words[0]}" completion --words "${words[@]:1}" 2>/dev/null)
            for word in "${lines[@]}"; do
                case $word in
                :files) compopt -o default ;;
                :command)
                    compopt -o default
                    [[ ${words[-2]} != -- ]] || mapfile -t COMPREPLY < <(compgen -A command -- "$current")
                    ;;
                *)
                    word=${word%%$'\t'*}
                    COMPREPLY+=("${word:${#kept}}")
                    ;;
                esac
            done
        }
        complete -F _authagent authagent
        """#

    private static let zshText = #"""
        #compdef authagent
        # zsh completion for authagent, printed by 'authagent completion zsh'.
        _authagent() {
            local -a lines described
            local line word
            lines=("${(@f)$(command ${(Q)words[1]} completion --words "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
            for line in $lines; do
                case $line in
                :files)
                    compset -P '--*='
                    _files
                    return
                    ;;
                :command)
                    local -i terminator=${words[(i)--]}
                    shift $terminator words
                    (( CURRENT -= terminator ))
                    _normal
                    return
                    ;;
                *)
                    word=${line%%$'\t'*}
                    if [[ $line == *$'\t'* ]]; then
                        described+=("${word//:/\\:}:${line#*$'\t'}")
                    else
                        described+=("${word//:/\\:}")
                    fi
                    ;;
                esac
            done
            _describe -V authagent described
        }
        if [[ $funcstack[1] == _authagent ]]; then _authagent "$@"; else compdef _authagent authagent; fi
        """#

    private static let fishText = #"""
        # fish completion for authagent, printed by 'authagent completion fish'.
        function __authagent_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            for line in (command $words[1] completion --words $words[2..-1] "$current" 2>/dev/null)
                switch $line
                    case ':files'
                        __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$current")
                    case ':command'
                        set -l start (contains -i -- -- $words)
                        complete -C (string join ' ' -- (string escape -- $words[(math $start + 1)..-1]) "$current")
                    case '*'
                        echo $line
                end
            end
        end
        complete -c authagent -f -a '(__authagent_complete)'
        """#
}
