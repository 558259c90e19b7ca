"""Where the time of a run goes, by what it is spent on: samples of the processor's clock in groups of functions.

    perf record -e cpu-clock -F 4000 -g -o perf.data hestia run ..; perf script -i perf.data | python3 bench/terms.py ROWS SECONDS

SECONDS of processor time of an undisturbed run (user and system). Prints a table: term, share, nanoseconds a row, its largest functions.
"""
import collections
import re
import sys

# What a sample of the system belongs to, by the call that led there.
CALLS = [("reading the input", r"ksys_read"), ("reading the store back, to count", r"pread64"),
         ("writing the store", r"pwrite64|fsync|sync_file_range|writeback|fdatasync"),
         ("memory that is new", r"page_fault|exc_page|mmap|munmap|madvise|mlock")]
# What a function belongs to; the first that fits.
FUNCTIONS = [
    ("inflating", r"decode_huffman|isal_inflate|inflate|set_codes|make_inflate|copy_in|byte_copy"),
    ("CRC of the text, digest of the input", r"crc32|stream_hash|XXH3_128|XXH3_hashLong_128|XXH3_update|hst_stream"),
    ("index of separators, records out of it", r"scan_avx2|scan_portable|scanner|take_indexed|block_reader|index_more|gather_masks|write_offsets"),
    ("diagnoses and procedures", r"decode_run"),
    ("person", r"siphash|hst_store_hash"),
    ("codes met for the first time", r"clean|dictionary|segment_writer_code|decode_slowly|memo_insert|decode_text|record_field|record_value"),
    ("fields to values", r"decoder_add|decode_|finish_row|complete_key"),
    ("record into its partition", r"segment_writer_add|add_record|hst_segment_writer|flush|append"),
    ("checksums of blocks", r"XXH3_64|XXH3_hashLong_64|hst_hash_block|XXH3"),
    ("counting", r"hst_count|ask_row|hst_cube|hst_event|tally|hst_england|segment_plan|unit_rule|duplicates|hst_partition|count_|residence|filter"),
]


def term_of(frames):
    """frames: (symbol, object) of a sample, the innermost first."""
    symbol, where = frames[0]
    if "kernel" in where or where == "[unknown]":
        for term, pattern in CALLS:
            if any(re.search(pattern, s) for s, w in frames):
                return term
        return "other of the system"
    for term, pattern in FUNCTIONS:
        if re.search(pattern, symbol):
            return term
    return "start, rates, publishing, C library"


def main():
    rows, seconds = float(sys.argv[1]), float(sys.argv[2])
    terms, functions, frames, n = collections.Counter(), collections.defaultdict(collections.Counter), [], 0
    for line in list(sys.stdin) + ["\n"]:
        frame = re.match(r"\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \((.*)\)$", line)
        if frame:
            frames.append(frame.groups())
        elif not line.strip() and frames:
            term = term_of(frames)
            terms[term] += 1
            functions[term][frames[0][0]] += 1
            n += 1
            frames = []
    print("| term | share % | ns a row | its functions |\n| --- | --- | --- | --- |")
    for term, samples in terms.most_common():
        largest = ", ".join(f"`{name}`" for name, k in functions[term].most_common(3) if k > 0.05 * samples)
        print(f"| {term} | {100 * samples / n:.1f} | {1e9 * seconds / rows * samples / n:.0f} | {largest} |")


if __name__ == "__main__":
    main()
