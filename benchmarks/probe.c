/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The least that exact hop3d takes: walkers on a periodic cube, every hop to an empty neighbour at rate 1.
 *
 * A walker with k empty neighbours stands in list k. An event draws the list by k times its length, a walker of it and
 * one of its empty neighbours; it swaps the two sites and moves the walkers around them from list to list. There is no
 * mechanism, no table and no check: what is left is random reads of memory, so this is the limit of an engine.
 *
 * probe SIDE HUGE AHEAD: cube of SIDE^3 sites; 2 MiB pages if HUGE is 1; if AHEAD is 1, the walkers of the next events
 * are fetched while an event is executed. Each line of the input is a number of events; the answer is their CPU time [s],
 * the memory per site [bytes], and the events per site and time so far.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { DIRECTIONS = 6, LISTS = 7, EMPTY = 255, PAGE = 1 << 21 };

static uint32_t side, n_sites, n_walkers;
static uint8_t *occupied;       /* of each site: EMPTY, or the empty neighbours of the walker there = its list */
static uint32_t *place;         /* of each site with a walker: where it stands in its list */
static uint32_t *list[LISTS];   /* walkers */
static uint32_t length[LISTS];
static double clock_time;
static uint64_t weyl;

/* SplitMix64: Steele, Lea, Flood, doi:10.1145/2660193.2660195 */
static uint64_t word(uint64_t counter) {
    uint64_t z = counter * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }
static uint32_t below(uint64_t bits, uint32_t n) { return (uint32_t)(((bits >> 32) * n) >> 32); }

/* Zero, and no memory of the system until it is written to. */
static void *allocate(size_t bytes, int huge) {
    void *block = mmap(NULL, bytes + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) { fprintf(stderr, "probe: no memory for %zu bytes\n", bytes); exit(1); }
#ifdef MADV_HUGEPAGE
    madvise(block, bytes + PAGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#else
    (void)huge;
#endif
    return (void *)(((uintptr_t)block + PAGE - 1) / PAGE * PAGE);
}

static void neighbours(uint32_t site, uint32_t *found) {
    uint32_t layer = side * side, row = site / side, x = site - row * side, z = row / side, y = row - z * side;
    found[0] = x + 1 < side ? site + 1 : site + 1 - side;
    found[1] = x > 0 ? site - 1 : site - 1 + side;
    found[2] = y + 1 < side ? site + side : site + side - layer;
    found[3] = y > 0 ? site - side : site - side + layer;
    found[4] = z + 1 < side ? site + layer : site + layer - n_sites;
    found[5] = z > 0 ? site - layer : site - layer + n_sites;
}

static void leave(uint32_t site) {
    int k = occupied[site];
    uint32_t last = list[k][--length[k]];
    list[k][place[site]] = last;
    place[last] = place[site];
}

static void enter(uint32_t site, int k) {
    occupied[site] = (uint8_t)k;
    place[site] = length[k];
    list[k][length[k]++] = site;
}

/* By weight, the longest lists first; `total` is the sum of all rates. */
static int draw_list(uint64_t bits, uint64_t *total) {
    int64_t left;
    *total = 0;
    for (int k = 1; k < LISTS; k++) *total += (uint64_t)k * length[k];
    left = (int64_t)(((unsigned __int128)bits * *total) >> 64);
    for (int k = LISTS - 1; k > 1; k--) {
        left -= (int64_t)k * length[k];
        if (left < 0) return k;
    }
    return 1;
}

static void event(int ahead) {
    uint32_t around[DIRECTIONS], beside[DIRECTIONS], from, to = 0;
    uint64_t total;
    int k = draw_list(word(weyl), &total), chosen;
    from = list[k][below(word(weyl + 1), length[k])];
    if (ahead) {                /* the list of event + 2, the site and its neighbours of event + 1 */
        uint64_t unused;
        int far = draw_list(word(weyl + 8), &unused), near = draw_list(word(weyl + 4), &unused);
        uint32_t next = list[near][below(word(weyl + 5), length[near])];
        __builtin_prefetch(&list[far][below(word(weyl + 9), length[far])]);
        neighbours(next, beside);
        for (int d = 0; d < DIRECTIONS; d++) __builtin_prefetch(&occupied[beside[d]]);
        __builtin_prefetch(&place[next]);
    }
    neighbours(from, around);
    chosen = (int)below(word(weyl + 2), (uint32_t)k);
    for (int d = 0; d < DIRECTIONS; d++)
        if (occupied[around[d]] == EMPTY && chosen-- == 0) { to = around[d]; break; }
    clock_time -= log(1.0 - uniform(word(weyl + 3))) / (double)total;
    weyl += 4;
    leave(from);
    occupied[from] = EMPTY;
    neighbours(to, beside);
    for (int d = 0; d < DIRECTIONS; d++) {
        uint32_t site = around[d];
        if (occupied[site] != EMPTY) { k = occupied[site]; leave(site); enter(site, k + 1); }
    }
    k = 0;
    for (int d = 0; d < DIRECTIONS; d++) {
        uint32_t site = beside[d];
        if (occupied[site] == EMPTY) { k++; continue; }
        int old = occupied[site];
        leave(site);
        enter(site, old - 1);
    }
    enter(to, k);
}

static void fill(int huge) {
    uint32_t around[DIRECTIONS];
    occupied = allocate(n_sites, huge);
    place = allocate(4 * (size_t)n_sites, huge);
    for (int k = 0; k < LISTS; k++) list[k] = allocate(4 * (size_t)n_sites, huge);
    for (uint32_t site = 0; site < n_sites; site++) occupied[site] = uniform(word(weyl++)) < 0.1 ? 0 : EMPTY;
    for (uint32_t site = 0; site < n_sites; site++) {
        int k = 0;
        if (occupied[site] == EMPTY) continue;
        n_walkers++;
        neighbours(site, around);
        for (int d = 0; d < DIRECTIONS; d++) k += occupied[around[d]] == EMPTY;
        enter(site, k);
    }
}

int main(int n_arguments, char **arguments) {
    long long events, done = 0, most = 1600;
    if (n_arguments != 4 || atoll(arguments[1]) < 3 || atoll(arguments[1]) > most) {
        fprintf(stderr, "usage: probe SIDE HUGE AHEAD, SIDE from 3 to %lld\n", most);
        return 2;
    }
    side = (uint32_t)atoll(arguments[1]);
    n_sites = side * side * side;
    fill(atoi(arguments[2]));
    int ahead = atoi(arguments[3]);
    while (scanf("%lld", &events) == 1) {
        clock_t begin = clock();
        for (long long i = 0; i < events; i++) event(ahead);
        double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        done += events;
        printf("%.6f %.3f %.6f\n", seconds, 5.0 + 4.0 * n_walkers / n_sites, (double)done / n_sites / clock_time);
        fflush(stdout);
    }
    return 0;
}
