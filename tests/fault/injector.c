/*
 * Makes system calls fail, and ends or stops the program at one; preloaded by the tests of faults.
 *
 *     LD_PRELOAD=injector.so HESTIA_FAULT_WITHIN=/tmp/x HESTIA_FAULT="write 17 ENOSPC" hestia run
 * ..
 *
 * A seccomp filter traps the calls, so that those inside the C library (stdio, temporary files,
 * folders) and other libraries come by as well as the program's own. Only calls on files below
 * HESTIA_FAULT_WITHIN count, never those on standard streams.
 *
 * HESTIA_FAULT        rules, divided by `;`: CALLS AT ACTION [PART OF A PATH]
 *     CALLS           names of the table below, divided by commas; `any` for all but map and memory
 *     AT              17: at the 17th of these calls; 17+: from then on
 *     ACTION          ENOSPC and other errors; short: half the bytes; kill, kill-after: SIGKILL
 *                     instead of the call, or after it; term, int, stop: that signal, then the call
 * HESTIA_FAULT_LOG    every call that counts is a line `NAME PATH` there; ones that a rule met have
 *                     `! ` before them
 * HESTIA_FAULT_CLOCK  SECONDS: what the time of day is off by; SECONDS@N: from the N-th look at it
 */
#define _GNU_SOURCE /* registers of a trapped call, names of rarer calls */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { MAX_RULES = 8, MAX_FILES = 1024, PATH_BYTES = 400, ALL_SYSTEM_CALLS = 0x7fff };

/* What rules and the log call them. */
enum call_class {
    CALL_WRITE,
    CALL_READ,
    CALL_CREATE, /* opening for writing */
    CALL_OPEN,   /* opening for reading */
    CALL_SYNC,
    CALL_CLOSE,
    CALL_RENAME,
    CALL_LINK,
    CALL_MKDIR,
    CALL_UNLINK,
    CALL_TRUNCATE,
    CALL_MODE,
    CALL_LIST,
    CALL_LOOK,
    CALL_SEEK,
    CALL_MAP,
    CALL_MEMORY,
    N_CLASSES
};

static const char *const class_names[N_CLASSES] = {
    "write",  "read",     "create", "open", "sync", "close", "rename", "link",  "mkdir",
    "unlink", "truncate", "mode",   "list", "look", "seek",  "map",    "memory"};

/* Where the path of a call stands: which argument is a folder's descriptor, which the name. */
enum { NOWHERE = -1 };

static const struct call {
    int number;
    enum call_class class;
    int file_at; /* argument that is a descriptor of the file, or of the folder where `name_at` is
                  */
    int name_at;
} calls[] = {
    {SYS_write, CALL_WRITE, 0, NOWHERE},
    {SYS_pwrite64, CALL_WRITE, 0, NOWHERE},
    {SYS_writev, CALL_WRITE, 0, NOWHERE},
    {SYS_read, CALL_READ, 0, NOWHERE},
    {SYS_pread64, CALL_READ, 0, NOWHERE},
    {SYS_readv, CALL_READ, 0, NOWHERE},
    {SYS_openat, CALL_OPEN, 0, 1},
    {SYS_open, CALL_OPEN, NOWHERE, 0},
    {SYS_fsync, CALL_SYNC, 0, NOWHERE},
    {SYS_fdatasync, CALL_SYNC, 0, NOWHERE},
    {SYS_close, CALL_CLOSE, 0, NOWHERE},
    {SYS_rename, CALL_RENAME, NOWHERE, 1},
    {SYS_renameat, CALL_RENAME, 2, 3},
    {SYS_renameat2, CALL_RENAME, 2, 3},
    {SYS_link, CALL_LINK, NOWHERE, 1},
    {SYS_linkat, CALL_LINK, 2, 3},
    {SYS_symlink, CALL_LINK, NOWHERE, 1},
    {SYS_symlinkat, CALL_LINK, 1, 2},
    {SYS_mkdir, CALL_MKDIR, NOWHERE, 0},
    {SYS_mkdirat, CALL_MKDIR, 0, 1},
    {SYS_unlink, CALL_UNLINK, NOWHERE, 0},
    {SYS_unlinkat, CALL_UNLINK, 0, 1},
    {SYS_rmdir, CALL_UNLINK, NOWHERE, 0},
    {SYS_ftruncate, CALL_TRUNCATE, 0, NOWHERE},
    {SYS_fallocate, CALL_TRUNCATE, 0, NOWHERE},
    {SYS_fchmod, CALL_MODE, 0, NOWHERE},
    {SYS_chmod, CALL_MODE, NOWHERE, 0},
    {SYS_fchmodat, CALL_MODE, 0, 1},
    {SYS_fchown, CALL_MODE, 0, NOWHERE},
    {SYS_getdents64, CALL_LIST, 0, NOWHERE},
    {SYS_newfstatat, CALL_LOOK, 0, 1},
    {SYS_fstat, CALL_LOOK, 0, NOWHERE},
    {SYS_stat, CALL_LOOK, NOWHERE, 0},
    {SYS_lstat, CALL_LOOK, NOWHERE, 0},
    {SYS_lseek, CALL_SEEK, 0, NOWHERE},
    {SYS_mmap, CALL_MAP, NOWHERE, NOWHERE},
};

enum { N_CALLS = sizeof calls / sizeof *calls };

/* Actions below this are errors. */
enum action { ACT_SHORT = 10000, ACT_KILL, ACT_KILL_AFTER, ACT_TERM, ACT_INT, ACT_STOP };

static const struct action_name {
    const char *name;
    int action;
} action_names[] = {
    {"short", ACT_SHORT}, {"kill", ACT_KILL}, {"kill-after", ACT_KILL_AFTER},
    {"term", ACT_TERM},   {"int", ACT_INT},   {"stop", ACT_STOP},
    {"ENOSPC", ENOSPC},   {"EDQUOT", EDQUOT}, {"EIO", EIO},
    {"EINTR", EINTR},     {"EROFS", EROFS},   {"EACCES", EACCES},
    {"ENOMEM", ENOMEM},   {"EMFILE", EMFILE}, {"EINVAL", EINVAL},
};

static struct rule {
    unsigned classes; /* bits */
    unsigned long at;
    bool stays;
    int action;
    const char *part; /* of a path; "" for any */
    atomic_ulong n_met;
} rules[MAX_RULES];

static size_t n_rules;
static const char *within = "";
static int log_file = -1;
static char names[MAX_FILES][PATH_BYTES]; /* of open files, by descriptor */
static long clock_offset;
static unsigned long clock_from;
static atomic_ulong n_clock_looks;

/* The one place whose system calls are let through. */
__asm__(".text\n"
        ".globl injector_call\n.hidden injector_call\n.type injector_call,@function\n"
        "injector_call:\n"
        "  mov %rdi, %rax\n  mov %rsi, %rdi\n  mov %rdx, %rsi\n  mov %rcx, %rdx\n"
        "  mov %r8, %r10\n  mov %r9, %r8\n  mov 8(%rsp), %r9\n"
        "  syscall\n"
        ".globl injector_called\n.hidden injector_called\n"
        "injector_called:\n"
        "  ret\n");
long injector_call(long number, long a, long b, long c, long d, long e, long f);
extern const char injector_called[];

static void say(const char *mark, const char *name, const char *path)
{
    char line[PATH_BYTES + 64];
    int n = snprintf(line, sizeof line, "%s%s %s\n", mark, name, path);

    injector_call(SYS_write, log_file, (long)line, n, 0, 0, 0);
}

static void send_to_self(int number)
{
    injector_call(SYS_kill, injector_call(SYS_getpid, 0, 0, 0, 0, 0, 0), number, 0, 0, 0, 0);
}

/* Path of what a call works on; "" when it is not known. */
static void find_path(char path[PATH_BYTES], const struct call *call, const long arguments[6])
{
    const char *name = call->name_at >= 0 ? (const char *)arguments[call->name_at] : NULL;
    long file = call->file_at >= 0 ? (int)arguments[call->file_at] : -1;
    const char *folder = file > 2 && file < MAX_FILES ? names[file] : "";

    if (name && (name[0] == '/' || folder[0] == '\0')) {
        snprintf(path, PATH_BYTES, "%s", name);
    } else if (name && name[0] != '\0') {
        int n = snprintf(path, PATH_BYTES, "%s/%s", folder, name);

        (void)n; /* a path that is too long is cut, as it is for the log alone */
    } else {
        snprintf(path, PATH_BYTES, "%s", folder);
    }
}

/* The action of the first rule that this call meets, 0 for none. */
static int met_rule(enum call_class class, const char *path)
{
    int action = 0;

    for (size_t i = 0; i < n_rules; i++) {
        struct rule *rule = &rules[i];

        if ((rule->classes >> class & 1u) != 0 && strstr(path, rule->part)) {
            unsigned long n = atomic_fetch_add(&rule->n_met, 1) + 1;

            if (action == 0 && (rule->stays ? n >= rule->at : n == rule->at)) {
                action = rule->action;
            }
        }
    }
    return action;
}

/* Signals are sent here; what is left to do is returned. */
static int act(int action)
{
    switch (action) {
    case ACT_KILL:
        send_to_self(SIGKILL);
        return 0;
    case ACT_TERM:
        send_to_self(SIGTERM);
        return 0;
    case ACT_INT:
        send_to_self(SIGINT);
        return 0;
    case ACT_STOP:
        send_to_self(SIGSTOP);
        return 0;
    default:
        return action;
    }
}

/* Carries out one call, or not. */
static long carry_out(const struct call *call, long arguments[6])
{
    char path[PATH_BYTES] = "";
    enum call_class class = call->class;
    int action = 0;
    long result = 0;

    find_path(path, call, arguments);
    if (class == CALL_OPEN) {
        long flags = arguments[call->name_at + 1];

        class = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 ? CALL_CREATE : CALL_OPEN;
    }
    if (class == CALL_MAP ? (arguments[3] & 0x20) != 0 /* MAP_ANONYMOUS */
                          : *path && strncmp(path, within, strlen(within)) == 0) {
        action = met_rule(class, path);
        if (log_file >= 0 && (action != 0 || class != CALL_MAP)) {
            say(action != 0 ? "! " : "", class_names[class], path);
        }
        action = act(action);
    }
    if (action != 0 && action < ACT_SHORT) {
        if (class == CALL_CLOSE) { /* the descriptor is gone all the same */
            injector_call(call->number, arguments[0], 0, 0, 0, 0, 0);
        }
        return -action;
    }
    if (action == ACT_SHORT && (class == CALL_READ || class == CALL_WRITE) && arguments[2] > 1) {
        arguments[2] /= 2; /* of bytes, or of pieces */
    }
    result = injector_call(call->number, arguments[0], arguments[1], arguments[2], arguments[3],
                           arguments[4], arguments[5]);
    if (action == ACT_KILL_AFTER) {
        send_to_self(SIGKILL);
    }
    if ((class == CALL_OPEN || class == CALL_CREATE) && result >= 0 && result < MAX_FILES) {
        memcpy(names[result], path, sizeof path);
    }
    return result;
}

static void on_trap(int number, siginfo_t *facts, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    long arguments[6] = {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                         registers[REG_R10], registers[REG_R8],  registers[REG_R9]};

    (void)number;
    for (size_t i = 0; i < N_CALLS; i++) {
        if (calls[i].number == facts->si_syscall) {
            registers[REG_RAX] = carry_out(&calls[i], arguments);
        }
    }
}

/* Traps the calls of the table unless they come from injector_call. */
static void set_trap(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    const uintptr_t let_through = (uintptr_t)injector_called;
    struct sock_filter filter[2 * N_CALLS + 10];
    struct sock_fprog program = {.filter = filter};
    unsigned short n = 0;

    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                               offsetof(struct seccomp_data, instruction_pointer));
    filter[n++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)let_through, 0, 3);
    filter[n++] = (struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4);
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                               (uint32_t)(let_through >> 32), 0, 1);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < N_CALLS; i++) {
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                   (uint32_t)calls[i].number, 0, 1);
        filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    }
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program.len = n;
    if (sigaction(SIGSYS, &action, NULL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        perror("injector: no seccomp filter");
        _exit(99);
    }
}

static unsigned read_classes(char *text)
{
    unsigned classes = 0;
    char *rest = NULL;

    for (char *name = strtok_r(text, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        unsigned found = strcmp(name, "any") == 0 ? ALL_SYSTEM_CALLS : 0;

        for (unsigned c = 0; c < N_CLASSES; c++) {
            found |= strcmp(name, class_names[c]) == 0 ? 1u << c : 0;
        }
        if (found == 0) {
            fprintf(stderr, "injector: no calls `%s`\n", name);
            _exit(99);
        }
        classes |= found;
    }
    return classes;
}

static int read_action(const char *name)
{
    for (size_t i = 0; i < sizeof action_names / sizeof *action_names; i++) {
        if (name && strcmp(name, action_names[i].name) == 0) {
            return action_names[i].action;
        }
    }
    fprintf(stderr, "injector: no action `%s`\n", name ? name : "");
    _exit(99);
}

static void read_rules(const char *text)
{
    char *copy = strdup(text), *rest = NULL;

    for (char *line = strtok_r(copy, ";", &rest); line && n_rules < MAX_RULES;
         line = strtok_r(NULL, ";", &rest)) {
        char *words = NULL, *end = NULL;
        char *classes = strtok_r(line, " ", &words);
        char *at = strtok_r(NULL, " ", &words);
        char *action = strtok_r(NULL, " ", &words);
        char *part = strtok_r(NULL, " ", &words);
        struct rule *rule = &rules[n_rules++];

        rule->at = strtoul(at ? at : "1", &end, 10);
        rule->stays = *end == '+';
        rule->action = read_action(action);
        rule->part = part ? part : "";
        rule->classes = classes ? read_classes(classes) : 0;
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("HESTIA_FAULT_LOG"), *clock = getenv("HESTIA_FAULT_CLOCK");
    char *end = NULL;

    within = getenv("HESTIA_FAULT_WITHIN") ? getenv("HESTIA_FAULT_WITHIN") : "/";
    if (clock) {
        clock_offset = strtol(clock, &end, 10);
        clock_from = *end == '@' ? strtoul(end + 1, NULL, 10) : 0;
    }
    if (path) {
        int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        log_file = fcntl(file, F_DUPFD_CLOEXEC, 900);
        close(file);
    }
    if (path || getenv("HESTIA_FAULT")) {
        read_rules(getenv("HESTIA_FAULT") ? getenv("HESTIA_FAULT") : "");
        set_trap();
    }
}

/* Memory: the allocator's own functions behind the names that all use. */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);

static bool memory_fails(void)
{
    int action = n_rules > 0 ? act(met_rule(CALL_MEMORY, "")) : 0;

    if (action == 0) {
        return false;
    }
    if (log_file >= 0) {
        say("! ", class_names[CALL_MEMORY], "");
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return memory_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return memory_fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    return memory_fails() ? NULL : __libc_realloc(memory, size);
}

/* The time of day, which programs read without a system call. */

static long clock_error(void)
{
    return atomic_fetch_add(&n_clock_looks, 1) + 1 >= clock_from ? clock_offset : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = injector_call(SYS_clock_gettime, clock, (long)now, 0, 0, 0, 0);

    if (result != 0) {
        errno = (int)-result;
        return -1;
    }
    if (clock == CLOCK_REALTIME) {
        now->tv_sec += clock_error();
    }
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    if (out) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise = {0};

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){.tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000};
    return 0;
}
