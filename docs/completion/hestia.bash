# bash completion of hestia.
#
# It asks the program: `hestia --help` for the commands, `hestia COMMAND --help` for arguments and options, `hestia stats`
# for the methods. So it knows what that program knows, and nothing has to be kept in step.

# Help of a command, one line an entry: $1 the program, $2 the command.
_hestia_help()
{
    ARGP_HELP_FMT=rmargin=10000 "$1" "$2" --help 2>/dev/null </dev/null
}

# "NAME VALUE" of each long option in the help on standard input; VALUE is empty for a switch.
_hestia_options()
{
    sed -nE -e 's/^ {2,6}(-[a-zA-Z?], +)?(--[a-z0-9-]+)=([^ ]+).*/\2 \3/p' -e 's/^ {2,6}(-[a-zA-Z?], +)?(--[a-z0-9-]+)(\[=.*| .*|)$/\2/p'
}

# What the usage lines of the help on standard input take as argument number $1, one a line: STUDY.yaml, DIR, list...
_hestia_arguments()
{
    local line n last words
    while read -r line; do
        [[ $line == 'Usage: hestia '* || $line == 'or:  hestia '* ]] || continue
        read -ra words <<<"${line#*\[OPTION...\]}"
        n=0 last=''
        while ((${#words[@]} && n < $1)); do
            case ${words[0]} in
            --conditions) ;; # a switch
            --*) words=("${words[@]:1}") ;; # an option that must be given, and its value
            *) last=${words[0]} n=$((n + 1)) ;;
            esac
            words=("${words[@]:1}")
        done
        [[ $n == "$1" || $last == *...* ]] && tr -d '[].' <<<"${last/.yaml/}"
    done
}

# Measures of a study file.
_hestia_measures()
{
    awk '/^[a-z_]+:/ { inside = $1 == "measures:" }
         inside && match($0, /(^|[ {])id: *[a-z0-9_-]+/) { id = substr($0, RSTART, RLENGTH); sub(/.*: */, "", id); print id }' "$1" 2>/dev/null
}

# What can stand for one of the words of $3 ("NAME|FILE", "csv|pipe", ...), beginning with $4; $1 the program, $2 the study.
_hestia_values()
{
    local part parts
    IFS='|' read -ra parts <<<"$3"
    for part in "${parts[@]}"; do
        case $part in
        STUDY) compgen -f -X '!*.yaml' -- "$4"; compgen -f -X '!*.yml' -- "$4"; compgen -d -- "$4" ;;
        FILE* | TABLE) compgen -f -- "$4" ;;
        DIR | RESULTS*) compgen -d -- "$4" ;;
        MEASURE) compgen -W "$(_hestia_measures "$2")" -- "$4" ;;
        METHOD) compgen -W "$("$1" stats '?' 2>&1 </dev/null | sed -n 's/.*there are //; s/,//gp')" -- "$4" ;; # none such, so it lists them
        *[A-Z]* | [0-9]*) ;;
        *) compgen -W "$part" -- "$4" ;;
        esac
    done
}

_hestia()
{
    local program=${COMP_WORDS[0]/#\~\//$HOME/} command=${COMP_WORDS[1]} word=${COMP_WORDS[COMP_CWORD]}
    local help option='' study='' wanted name value i n=1
    local -A takes=()

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" --help 2>/dev/null | sed -nE 's/^  hestia ([a-z]+) .*/\1/p') --help --version" -- "$word")
        return
    fi
    help=$(_hestia_help "$program" "$command")
    while read -r name value; do
        takes[$name]=$value
    done < <(_hestia_options <<<"$help")

    # Which argument is it, or which option's value? "=" is a word of its own to bash.
    for ((i = 2; i < COMP_CWORD; i++)); do
        value=${COMP_WORDS[i]}
        case $value in
        --*) option=${takes[$value]:+$value} ;;
        = | -?) ;;
        *)
            [[ $value == *.yaml || $value == *.yml ]] && study=${value/#\~\//$HOME/}
            [[ $option ]] || n=$((n + 1))
            option=''
            ;;
        esac
    done
    [[ $word == '=' ]] && word=''

    if [[ ! $option && $word == -* ]]; then
        for name in "${!takes[@]}"; do
            [[ $name == "$word"* ]] && COMPREPLY+=("$name${takes[$name]:+=}")
        done
        [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
        return
    fi
    wanted=${option:+${takes[$option]}}
    [[ $option ]] || wanted=$(_hestia_arguments "$n" <<<"$help" | sort -u | paste -sd '|')
    [[ $wanted =~ (STUDY|FILE|TABLE|DIR|RESULTS) ]] && compopt -o filenames
    mapfile -t COMPREPLY < <(_hestia_values "$program" "$study" "$wanted" "$word")
}

complete -F _hestia hestia
