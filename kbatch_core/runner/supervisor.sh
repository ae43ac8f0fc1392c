#!/bin/sh
# The supervisor: runs the user's script inside the pod and tells the truth about how it ended.
#
#   /bin/sh supervisor [-o FILE] [-e FILE] [-m truncate] [-t SECONDS] [-k SECONDS] [-s [B:]SIG@SECONDS] [-d DIR]
#                      [-i MAP] [-w TMP] [-l MESSAGE] -- COMMAND [ARG...]
#
# POSIX sh (dash, bash, busybox), no tool beyond coreutils or busybox. docs/supervisor.md says what it promises. It
# travels in every Job without its comments, so it is short. Variables are not exported and begin with an underscore:
# each option's is its letter's, the others are explained where they are set.
# shellcheck disable=SC2064,SC2086,SC2153,SC2154,SC2223,SC2261,SC2329,SC2034
_o='' _e='' _m='' _t='' _k=25 _s='' _d='' _i='' _w=/kbatch/tmp _l=/dev/termination-log
while getopts o:e:m:t:k:s:d:i:w:l: _c; do eval "_$_c=\$OPTARG"; done
shift $((OPTIND - 1))
# 3 and 4 are the container's log; nothing of the shell's own goes there.
exec 3>&1 4>&2 </dev/null 2>/dev/null

# The array's task number _a: the JOB_COMPLETION_INDEX-th number of the map, whose parts are LOW-HIGH:STEP.
_a='' _p=${JOB_COMPLETION_INDEX-0}
if [ "$_i" ]; then
  IFS=,
  for _r in $_i; do
    case $_r in *:*) _z=${_r#*:} ;; *) _z=1 ;; esac
    _r=${_r%:*} _b=${_r%-*}
    _c=$(((${_r#*-} - _b) / _z + 1))
    [ "$_a" ] || [ $_p -ge $_c ] || _a=$((_b + _p * _z))
    _p=$((_p - _c))
  done
  unset IFS
  export KBATCH_ARRAY_TASK_ID=$_a
fi

# How often it was restarted, _g: a restart is another pod, so each start leaves a line in the job's folder.
_g=0 _u=$_d/starts${_a:+-$_a} _b=$(date +%s)
[ "$_d" ] && mkdir -p "$_d" && echo $_b >>"$_u" && _g=$(($(wc -l <"$_u") - 1))

# What Slurm exports, and each KBATCH_ name again as SLURM_.
export KBATCH_JOBID="$KBATCH_JOB_ID" KBATCH_RESTART_COUNT=$_g KBATCH_JOB_START_TIME=$_b \
  KBATCH_NTASKS=1 KBATCH_JOB_NUM_NODES=1 KBATCH_PROCID=0
[ ! "$_t" ] || export KBATCH_JOB_END_TIME=$((_b + _t))
for _c in $(env -0 | tr '\0\n' '\n ' | cut -d= -f1); do
  case $_c in KBATCH_*) eval "export SLURM_${_c#*_}=\"\$$_c\"" ;; esac
done

# _copy FIFO PATTERN: start the tee that copies the FIFO to the container's log and, where it can, to the file that
# the pattern names (%a, %4a, %N, %%), in _x. It lives through TERM, after which the script may have much to say.
_copy() {
  _x='' _r=$2
  while :; do
    _x=$_x${_r%%\%*}
    case $_r in *%*) _r=${_r#*%} ;; *) break ;; esac
    _n=${_r%%[!0-9]*} _r=${_r#"${_r%%[!0-9]*}"}
    case $_r in a*) _x=$_x$(printf "%0${_n:-1}d" $_a) ;; N*) _x=$_x$KBATCH_JOB_NODELIST ;; *) _x=$_x% ;; esac
    _r=${_r#?}
  done
  : ${_x:=/dev/null}
  mkdir -p "${_x%/*}"
  [ ! "$_m" ] || : >"$_x"
  [ $_g = 0 ] || [ ! -f "$_x" ] || echo "--- restart $_g: $(date) ---" >>"$_x"
  mkfifo "$_w/$1"
  (trap '' TERM INT HUP; exec 2>>"$_w/problem" >&"$3"; exec tee -a "$_x" <"$_w/$1") &
}
_h=$_w/out
_copy out "$_o" 3
_j=$! _u=$_x
[ ! "$_e" ] || { _copy err "$_e" 4; _j="$_j $!" _h=$_w/err; }

# _send SIGNAL: to the script, _v, and all that came from it, wherever they went: they have KBATCH_SUPERVISOR in their
# environment. `read` leaves out the NUL bytes between variables. Fails when there is none.
_send() {
  _q=$_v
  for _f in /proc/[0-9]*; do
    _r=''
    while read -r _r || [ "$_r" ]; do
      case $_r in *KBATCH_SUPERVISOR=$$.*) _q="$_q ${_f#/proc/}" ;; esac
      _r=''
    done <$_f/environ
  done
  kill -s $1 $_q
}
# _later SECONDS SIGNAL: have it sent to this shell. TERM ends the sleeper as well.
_later() {
  (
    sleep $1 &
    trap "kill $!" TERM
    wait && kill -s $2 $$
  ) >&2 3>&- 4>&- &
  _z="$_z $!"
}
# _stop REASON: ask the script to end, and end it when it does not. _y is the first reason, _i says that a trap ran.
_stop() {
  _i=1
  [ ! "$_y" ] || return
  _y=$1
  _send TERM
  _later $_k ALRM
}
_y='' _z=''
trap '_stop Terminated' TERM INT HUP
trap '_stop TimeLimit' USR1
trap '_i=1; _send KILL' ALRM
trap '_i=1; _c=${_s%@*}; case $_c in B:*) kill -s ${_c#B:} $_v ;; *) _send $_c ;; esac' USR2

KBATCH_SUPERVISOR=$$. "$@" >"$_w/out" 2>"$_h" 3>&- 4>&- &
_v=$!
[ ! "$_t" ] || _later $_t USR1
[ ! "$_s" ] || [ $((_r = ${_t:-0} - ${_s#*@})) -lt 0 ] || _later $_r USR2
# A trap interrupts `wait`: wait again until none did. 127 then means that the script had been reaped before.
_x=''
while :; do
  _i=''
  wait $_v
  _r=$?
  [ $_r = 127 ] && [ "$_x" ] || _x=$_r
  [ "$_i" ] || break
done
trap '' TERM INT HUP
# What the script left running would hold the output open for ever.
_c=$_x _v=''
while _send KILL; do :; done
kill $_z
wait $_j
# What was told to end has not succeeded, whatever it made of that.
case $_y$_c in TimeLimit*) _c=124 ;; Terminated0) _c=143 ;; esac

# The evidence of the control group, version 1 or 2: peak memory _q, CPU seconds _t, OOM kills _k.
_q=0 _t=0 _k=0
cd /sys/fs/cgroup || :
read -r _q <memory.peak || read -r _q <memory/memory.max_usage_in_bytes
read -r _t <cpuacct/cpuacct.usage && _t=$((_t / 1000000000))
for _p in memory.events memory/memory.oom_control cpu.stat; do
  while read -r _x _r; do
    case $_x in oom_kill) _k=$_r ;; usage_usec) _t=$((_r / 1000000)) ;; esac
  done <$_p
done
[ "$_k" = 0 ] || [ $_c = 0 ] || : ${_y:=OutOfMemory}

# The record: to the container's termination message and, whole or not at all, to the job's folder.
# _text: what it reads, as the inside of a JSON string.
_text() { tr '\0-\37"\134' '?'; }
_x=$(printf '{"id":"%s","task":%s,"exit":%d,"reason":"%s","start":%d,"end":%d,"cpu":%d,"mem":%d,"oom":%d,"restart":%d,"node":"%s","output":"%s","output_error":"%s"}' \
  "$KBATCH_JOB_ID" ${_a:-null} $_c "$_y" $_b "$(date +%s)" "$_t" "$_q" "$_k" $_g "$KBATCH_JOB_NODELIST" \
  "$(printf %s "${_u#/dev/null}" | _text)" "$(head -c 500 "$_w/problem" | _text)")
echo "$_x" >"$_l"
_r=$_d/record${_a:+-$_a}
[ ! "$_d" ] || { echo "$_x" >"$_r.tmp" && mv "$_r.tmp" "$_r.json"; }
exit $_c
