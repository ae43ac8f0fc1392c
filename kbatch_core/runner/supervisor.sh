#!/bin/sh
# The supervisor: runs the user's script inside the pod and tells the truth about how it ended.
#
#   /bin/sh supervisor [-o FILE] [-e FILE] [-m truncate] [-t SECONDS] [-k SECONDS] [-s SPEC] [-d DIR] [-i MAP]
#                      [-w TMP] [-l MESSAGE] -- COMMAND [ARG...]
#
# POSIX sh (dash, bash, busybox), no tool beyond coreutils or busybox. docs/supervisor.md explains it. Variables
# begin with an underscore, so that none of the script's own is changed. It travels without comments.
_o='' _e='' _m=append _t='' _k=30 _s='' _d='' _i='' _w=/kbatch/tmp _l=/dev/termination-log
while getopts o:e:m:t:k:s:d:i:w:l: _c; do
  case $_c in
    o) _o=$OPTARG ;; e) _e=$OPTARG ;; m) _m=$OPTARG ;; t) _t=$OPTARG ;; k) _k=$OPTARG ;;
    s) _s=$OPTARG ;; d) _d=$OPTARG ;; i) _i=$OPTARG ;; w) _w=$OPTARG ;; l) _l=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))

# _text TEXT: TEXT as the inside of a JSON string, in _x. Quotes are escaped; control bytes, which only a hostile
# name has, become blanks; what is not ASCII stays as it is.
_text() {
  _x='' _r=$1
  while :; do
    case $_r in *[\"\\]*) ;; *) break ;; esac
    _p=${_r%%[\"\\]*} _r=${_r#"$_p"}
    _x="$_x$_p\\${_r%"${_r#?}"}" _r=${_r#?}
  done
  _x=$(printf %s "$_x$_r" | tr '\000-\037\177' ' ')
}

# _name PATTERN: PATTERN with %a, %N and %% filled in, in _x.
_name() {
  _x='' _r=$1
  while :; do
    case $_r in *%*) ;; *) break ;; esac
    _x=$_x${_r%%\%*} _r=${_r#*%} _n=''
    while :; do
      case $_r in [0-9]*) _n=$_n${_r%"${_r#?}"} _r=${_r#?} ;; *) break ;; esac
    done
    case $_r in
      a*) _p=$(printf "%0${_n:-1}d" "${_a:-0}") ;;
      N*) _p=${KBATCH_JOB_NODELIST-} ;;
      *) _p=% ;;
    esac
    _x=$_x$_p _r=${_r#?}
  done
  _x=$_x$_r
}

# The array's task number: the JOB_COMPLETION_INDEX-th number of the map.
_a=''
if [ -n "$_i" ] && [ -n "${JOB_COMPLETION_INDEX-}" ]; then
  _p=$JOB_COMPLETION_INDEX _f='' _y=0 IFS=,
  for _r in ${_i%\%*}; do
    _n=${_r#*:}
    [ "$_n" != "$_r" ] || _n=1
    _r=${_r%:*} _b=${_r%-*} _z=${_r#*-}
    _c=$(((_z - _b) / _n + 1)) _y=$((_y + _c))
    [ -n "$_f" ] || _f=$_b
    [ -n "$_a" ] || { [ "$_p" -lt "$_c" ] && _a=$((_b + _p * _n)) || _p=$((_p - _c)); }
  done
  unset IFS
  export KBATCH_ARRAY_JOB_ID="${KBATCH_JOB_ID-}" KBATCH_ARRAY_TASK_ID="$_a" KBATCH_ARRAY_TASK_COUNT="$_y" \
    KBATCH_ARRAY_TASK_MIN="$_f" KBATCH_ARRAY_TASK_MAX="$_z" KBATCH_ARRAY_TASK_STEP="$_n"
fi

# How often it was started: one line per start in the job's folder, as a restart is another pod.
_g=0
if [ -n "$_d" ] && mkdir -p "$_d" 2>/dev/null && echo "${KBATCH_POD:=$(uname -n)}" 2>/dev/null >>"$_d/starts${_a:+-$_a}"; then
  while read -r _r; do _g=$((_g + 1)); done <"$_d/starts${_a:+-$_a}"
  _g=$((_g - 1))
fi

_b=$(date +%s)
export KBATCH_JOBID="${KBATCH_JOB_ID-}" KBATCH_RESTART_COUNT="$_g" KBATCH_NTASKS=1 KBATCH_JOB_NUM_NODES=1 \
  KBATCH_PROCID=0 KBATCH_JOB_START_TIME="$_b"
[ -z "$_t" ] || export KBATCH_JOB_END_TIME=$((_b + _t))
[ -z "${KBATCH_CPUS_PER_TASK-}" ] || export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$KBATCH_CPUS_PER_TASK}"
for _c in JOB_ID JOBID JOB_NAME JOB_PARTITION JOB_ACCOUNT JOB_NODELIST JOB_NUM_NODES JOB_START_TIME JOB_END_TIME \
  SUBMIT_DIR SUBMIT_HOST CPUS_PER_TASK MEM_PER_NODE GPUS NTASKS PROCID RESTART_COUNT ARRAY_JOB_ID ARRAY_TASK_ID \
  ARRAY_TASK_COUNT ARRAY_TASK_MIN ARRAY_TASK_MAX ARRAY_TASK_STEP; do
  eval "_r=\${KBATCH_$_c-}"
  [ -z "$_r" ] || export "SLURM_$_c=$_r"
done

# _copy FILE FIFO: start the tee that copies the FIFO to the container's log and, when it can be, to FILE. It lives
# through TERM, because the script may have much to say after it.
_copy() {
  _n=/dev/null
  if [ -n "$1" ]; then
    _name "$1"
    _n=$_x
    mkdir -p "${_n%/*}" 2>/dev/null
    [ "$_m" != truncate ] || [ ! -f "$_n" ] || : 2>/dev/null >"$_n"
    [ "$_g" = 0 ] || [ ! -s "$_n" ] || echo "--- restart $_g: $(date -u +%FT%TZ) ---" 2>/dev/null >>"$_n"
  fi
  mkfifo "$_w/$2" && (trap '' TERM INT HUP; exec tee -a "$_n" <"$_w/$2" 2>>"$_w/problem") &
}
_copy "$_o" out
_j=$! _u=$_n
_h=$_w/out
[ -z "$_e" ] || { _copy "$_e" err >&2; _j="$_j $!" _h=$_w/err; }
while [ ! -p "$_h" ] || [ ! -p "$_w/out" ]; do :; done

# _tree: the process ids of the script and all that came from it, in _q.
_tree() {
  _q=" $_v " _p=1
  while [ $_p = 1 ]; do
    _p=0
    for _f in /proc/[0-9]*/stat; do
      { read -r _r <"$_f"; } 2>/dev/null || continue
      _n=${_r%% *} _r=${_r##*) }
      _r=${_r#* } _r=${_r%% *}
      case $_q in *" $_n "*) continue ;; esac
      case $_q in *" $_r "*) _q="$_q$_n " _p=1 ;; esac
    done
  done
}
# _send SIGNAL: to the whole tree.
_send() {
  _tree
  # shellcheck disable=SC2086
  kill -s "$1" $_q 2>/dev/null
}

_y='' # why it was ended
# _stop REASON: ask the script to end, and end it when it does not. The kubelet's patience is 30 s for all of it.
_stop() {
  [ -z "$_y" ] || return
  _y=$1
  _send TERM
  (sleep "$_k"; kill -s ALRM $$) >/dev/null 2>&1 &
  _z="$_z $!"
}
[ "$_k" -lt 30 ] || _k=25
_z=''
_i=0 # a trap ran
trap '_i=1; _stop Terminated' TERM INT HUP
trap '_i=1; _stop TimeLimit' USR1
trap '_i=1; _send KILL' ALRM
trap '_i=1; _send "$_c"' USR2

exec </dev/null
"$@" >"$_w/out" 2>"$_h" &
_v=$!
if [ -n "$_t" ]; then
  (sleep "$_t"; kill -s USR1 $$) >/dev/null 2>&1 &
  _z="$_z $!"
fi
if [ -n "$_s" ]; then
  _c=${_s#B:} _c=${_c%@*} _r=$((${_t:-0} - ${_s#*@}))
  [ "$_r" -lt 0 ] || { (sleep "$_r"; kill -s USR2 $$) >/dev/null 2>&1 & _z="$_z $!"; }
fi
# A trap interrupts `wait`: go on until it was not interrupted. 127 then means that it had been reaped before.
_x=''
while :; do
  _i=0
  wait "$_v"
  _r=$?
  [ "$_r" = 127 ] && [ -n "$_x" ] || _x=$_r
  [ $_i = 1 ] || break
done
_c=$_x
# What the script left running would hold the output open for ever.
_send KILL
# shellcheck disable=SC2086
[ -z "$_z" ] || kill $_z 2>/dev/null
trap '' TERM INT HUP USR1 ALRM USR2
for _p in $_j; do wait "$_p" || :; done

_f=0
[ "$_c" -le 128 ] || _f=$((_c - 128))
case $_y:$_c in
  TimeLimit:*) _c=124 ;;
  :126) _y=NotExecutable ;;
  :127) _y=CommandNotFound ;;
esac

# _read FILE...: the first number in the first of the files that is there, in _x.
_read() {
  for _x in "$@"; do
    { read -r _x _r <"$_x"; } 2>/dev/null && return
  done
  _x=0
}
_s=/sys/fs/cgroup
_read $_s/memory.peak $_s/memory/memory.max_usage_in_bytes
_q=$_x
_read $_s/cpuacct/cpuacct.usage
_t=$((_x / 1000000000)) _k=0
for _p in $_s/memory.events $_s/memory/memory.oom_control $_s/cpu.stat; do
  [ ! -r "$_p" ] || while read -r _x _r; do
    case $_x in oom_kill) _k=$_r ;; usage_usec) _t=$((_r / 1000000)) ;; esac
  done <"$_p"
done
[ "$_k" = 0 ] || [ "$_c" = 0 ] || [ -n "$_y" ] || _y=OutOfMemory

# The record: built first, written twice. In home it appears whole or not at all.
_record() {
  _text "${KBATCH_JOB_ID-}"; _p="{\"v\":1,\"id\":\"$_x\",\"task\":${_a:-null}"
  _p="$_p,\"exit\":$_c,\"signal\":$_f,\"reason\":\"$_y\",\"start\":$_b,\"end\":$(date +%s)"
  _p="$_p,\"cpu\":$_t,\"mem\":$_q,\"oom\":$_k,\"restart\":$_g"
  _text "${KBATCH_JOB_NODELIST-}"; _p="$_p,\"node\":\"$_x\""
  _text "${KBATCH_POD:=$(uname -n)}"; _p="$_p,\"pod\":\"$_x\""
  _text "${_u#/dev/null}"; _p="$_p,\"output\":\"$_x\""
  _n=''
  [ ! -s "$_w/problem" ] || read -r _n <"$_w/problem"
  _text "$_n"; _p="$_p,\"output_error\":\"$_x\"}"
}
_record
echo "$_p" 2>/dev/null >"$_l"
[ -z "$_d" ] || { _r="$_d/record${_a:+-$_a}.json" && echo "$_p" >"$_r.tmp" && mv "$_r.tmp" "$_r"; } 2>/dev/null
exit "$_c"
