#!/bin/sh
# The supervisor: runs the user's script inside the pod and tells the truth about how it ended.
#
#   /bin/sh supervisor [OPTION VALUE]... [NAME=VALUE]... -- COMMAND [ARG...]
#
#   -o WORD -e WORD  output files, as words for the shell: the task's number and the node's name may stand in them
#   -m truncate      begin them anew at each start
#   -t SECONDS       time limit                          -k SECONDS   from TERM to KILL
#   -s [B:]SIG@SECS  signal, so long before the end      -i PARTS     task numbers of an array (below)
#   -d FOLDER        the job's folder in home            -u SECONDS   between two lines of usage.csv
#   -w FOLDER        scratch, always writable            -l FILE      termination message
#   -g FOLDER        control group
#
# Each NAME is exported as KBATCH_NAME and as SLURM_NAME.
#
# POSIX sh (dash, bash, busybox) and no tool beyond coreutils or busybox. docs/supervisor.md says what it promises. In
# a Job it travels without comments and with shorter names (kbatch_core/runner). Its variables begin with an
# underscore, so that none is one of the user's; an option's value is called by its letter: _o. Traps run between any
# two commands: what they call sets no variable that other code reads, but for _again and _reason.
#
# What shellcheck is told to leave alone, for the sake of size: numbers, names without blanks and the targets of
# redirections stand without quotes (2046, 2086, 2223, 2254); variables are set by eval and functions called by name (2154,
# 2329); a `cd` may fail (2164); and it takes `>&$3` for two streams (2261).
# shellcheck disable=SC2046,SC2086,SC2154,SC2164,SC2223,SC2254,SC2261,SC2329
# Until the script runs, being told to end is only noted.
trap '_reason=Terminated' TERM INT HUP
unset _o _e _m _t _s _i _d _task
_k=25 _u=10 _w=/kbatch/tmp _l=/dev/termination-log _g=/sys/fs/cgroup
while getopts o:e:m:t:k:s:i:d:u:w:l:g: _letter; do eval "_$_letter=\$OPTARG"; done
shift $((OPTIND - 1))
# 3 and 4 are the container's log; nothing of the shell's own goes there.
exec 3>&1 4>&2 </dev/null 2>/dev/null

# The number of this task: its index counts through the parts of -i. `3:10+2*` are the three numbers 10, 12 and 14.
_index=$JOB_COMPLETION_INDEX
for _part in $_i; do
  [ $_index -lt ${_part%:*} ] && _task=$((${_part#*:}$_index)) && break
  _index=$((_index - ${_part%:*}))
done
_suffix=${_task:+-$_task}

# The job's folder; in scratch when it cannot be in home. A restart is another pod, so that each start leaves a line
# to be counted. Of an earlier start nothing stays that could be taken for the end of this one.
: ${_d:=$_w}
_begin=$(date +%s)
_restart=$(wc -l <$_d/starts$_suffix)
: ${_restart:=0}
{ mkdir -p "$_d" && echo $_begin >>$_d/starts$_suffix; } 2>>$_w/bad || _d=$_w
_usage=$_d/usage$_suffix.csv _progress=$_d/progress$_suffix _record=$_d/record$_suffix
rm -f "$_record.json" "$_progress"

# What Slurm exports and only the pod knows, and the given names.
_node=$KBATCH_JOB_NODELIST
set -- NTASKS=1 JOB_NUM_NODES=1 NNODES=1 PROCID=0 LOCALID=0 NODEID=0 \
  JOB_NODELIST=$_node NODELIST=$_node JOB_START_TIME=$_begin \
  RESTART_COUNT=$_restart "PROGRESS=$_progress" \
  ${_task:+ARRAY_TASK_ID=$_task} ${_t:+JOB_END_TIME=$((_begin + _t))} "$@"
until [ "$1" = -- ]; do
  export "KBATCH_$1" "SLURM_$1"
  shift
done
shift

# _copy FIFO WORD LOG: start the tee that copies the FIFO to the container's log and, where it can, to the file. It
# lives through TERM, after which the script may have much to say.
_copy() {
  eval "_file=${2:-/dev/null}"
  mkdir -p "${_file%/*}"
  [ ! $_m ] || true >$_file
  [ $_restart = 0 ] || printf '\n--- restart %d: %s ---\n' $_restart "$(date)" >>$_file
  mkfifo $_w/$1
  (trap '' TERM INT HUP PIPE; exec 2>>$_w/bad >&$3; LC_ALL=C exec tee -a "$_file" <$_w/$1) &
  _copies="$_copies $!"
}
_errors=$_w/out _copies=
_copy out "$_o" 3
_output=$_file
[ ! "$_e" ] || { _errors=$_w/err; _copy err "$_e" 4; }

# _send SIGNAL: to the script and all that came from it, wherever they went: KBATCH_SUPERVISOR in their environment
# tells, or else the output that they hold open. Fails when there is none; that one of them was gone is no failure.
_send() (
  _all=$_script
  for _word in $(tail -c +1 /proc/[0-9]*/environ | tr '\0' '\n' | cut -sd'>' -f2); do
    case $_word in
    /proc/$_script/*) _id= ;;
    /proc/*) _id=${_word#/proc/} _id=${_id%/*}; [ /proc/$_id/fd/1 -ef $_w/out ] && _all="$_all $_id" _id= ;;
    $$) _all="$_all $_id" ;;
    esac
  done
  kill -$1 ${_all:?}
  :
)
# _every SECONDS COMMAND: in the background, until the command exits, _timers are ended or the supervisor is gone.
_every() {
  (
    trap 'kill $!; exit' TERM
    while sleep $1 & wait $! && kill -0 $$; do $2; done
  ) >&2 3>&- 4>&- &
  _timers="$_timers $!"
}
# _tell SIGNAL: a timer's word to the supervisor; its last.
_tell() { kill -$1 $$; exit; }
# _stop REASON: ask the script to end, and end it when it does not. The first reason counts. _again: a trap has run.
_stop() {
  : ${_reason:=$1}
  _again=1
  _send TERM
  _every $_k '_tell ALRM'
}
# _warn: the signal of -s, once.
_warn() {
  _s=${_s%@*}
  case $_s in B:*) kill -${_s#B:} $_script ;; *) _send $_s ;; esac
  _again=1
}
# _asked: the pod is told to end. With -s the script has its signal, and its seconds, first; being told again ends that.
_asked() {
  : ${_reason:=Terminated}
  case $_s in *@*) _every ${_s#*@} '_tell TERM'; _warn ;; *) _stop $_reason ;; esac
}
# _await PROCESS...: until they have ended; _code is the last one's. A trap interrupts `wait`: wait again until none
# did. 127 then means that the process had been seen to end before.
_await() {
  _again=1 _code=
  while [ $_again ]; do
    _again=
    wait "$@"
    _status=$?
    [ $_status = 127 ] && [ $_code ] || _code=$_status
  done
}

# _measure: what the control group (version 2 or 1) says. CPU in microseconds; memory without the cache that the
# kernel could take back at once, as Kubernetes counts it. Version 1 has a folder for memory.
_measure() {
  cd $_g
  cd memory
  _cpu=0 _memory=0 _cache=0 _kills=0
  read -r _cpu <../cpuacct/cpuacct.usage && _cpu=$((_cpu / 1000))
  read -r _memory <memory.current || read -r _memory <memory.usage_in_bytes
  for _file in memory.events cpu.stat memory.stat memory.oom_control; do
    while read -r _key _word; do
      case $_key in oom_kill) _kills=$_word ;; usage_usec) _cpu=$_word ;; *inactive_file) _cache=$_word ;; esac
    done <$_file
  done
  _memory=$((_memory - _cache))
}
# _sample: a line of usage.csv, with two more columns for each GPU.
_sample() {
  _measure
  _word=$(date +%s),$_cpu,$_memory
  echo $_word,$(nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits | tr '\n' ,) >>$_usage
}
echo time,cpu_usec,memory_bytes,gpu_percent,gpu_memory_mib >>$_usage

# In the background a shell ignores INT and QUIT, and so would all that it starts; GNU's env undoes it.
_reset='env --default-signal'
$_reset true || _reset=
KBATCH_SUPERVISOR=">$$" $_reset "$@" >$_w/out 2>$_errors 3>&- 4>&- &
_script=$!
trap _asked TERM INT HUP
trap '_stop TimeLimit' USR1
# Bash 5.2 may lose the end of a process that ends just as a trap interrupts its wait: then it is gone by now.
trap 'kill -0 $_script && _again=1; _send KILL' ALRM
trap _warn USR2
[ ! $_reason ] || _asked
_every $_u _sample
[ ! $_t ] || _every $_t '_tell USR1'
# A sleep of less than nothing fails: then the signal is not sent.
[ ! $_s ] || _every $((${_t:-0} - ${_s#*@})) '_tell USR2'
_await $_script
# What was told to end has not succeeded, whatever it made of that.
_end=$(date +%s) _script=
_s=
case $_reason$_code in TimeLimit*) _code=124 ;; Terminated0 | Terminated142) _code=143 ;; esac
_exit=$_code _why=$_reason

# What the script left running would hold the output open for ever, so it is killed, as often as there is more. Then
# the rest of the output is waited for; being told to end now ends that after -k seconds, to leave time for the record.
# Nothing is cut off when bash has lost the end of what copies it, as above.
_word=0
while [ $((_word += 1)) -lt 99 ] && _send KILL; do :; done
trap 'for _tee in $_copies; do kill -0 $_tee && echo output cut off >>$_w/bad && break; done' ALRM
_await $_copies
trap '' TERM INT HUP ALRM
kill $_timers
[ -e "$_output" ] || echo "$_output is gone" >>$_w/bad

_measure
read -r _peak <memory.peak || read -r _peak <memory.max_usage_in_bytes ||
  _peak=$(cut -d, -f3 "$_usage" | sort -n | tail -n1)
[ $_kills = 0 ] || [ $_exit = 0 ] || : ${_why:=OutOfMemory}

# The record: to the container's termination message and, whole or not at all, to the job's folder.
# _text FILE: its beginning, as the inside of a JSON string.
_text() { printf %s "$(head -c 300 "$1")" | tr -c ' !#-[]-}' '?'; }
_line=$(printf '{~id~:~%s~,~task~:%s,~exit~:%d,~reason~:~%s~,~start~:%d,~end~:%d,~cpu~:%d,~mem~:%d,~oom~:%d,~restart~:%d,~node~:~%s~,~output_error~:~%s~,~progress~:~%s~}' \
  $KBATCH_JOB_ID ${_task:-null} $_exit "$_why" $_begin $_end $((_cpu / 1000000)) ${_peak:-0} $_kills $_restart \
  "$_node" "$(_text $_w/bad)" "$(_text "$_progress")" | tr '~' '"')
echo "$_line" >$_l
echo "$_line" >$_record.tmp && mv "$_record.tmp" "$_record.json"
exit $_exit
