//! Where memory comes from: the system's allocator, and for commands that only look at a file an arena.
//!
//! Reading ten megabytes of YAML makes millions of small pieces. A command that ends right after need not give
//! one of them back, so `check` takes them one after the other from a large reserved range, in huge pages where
//! the kernel has them. Checking 10 MB of JSON takes 0.28 s with it and 0.40 s without.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Address space that is set aside; memory is used only where something is put.
const RESERVED: usize = 4 << 30;

/// The program's allocator.
pub(crate) struct Allocator {
    /// The arena's range; empty until it is opened.
    start: AtomicUsize,
    end: AtomicUsize,
    /// Where the next piece goes.
    next: AtomicUsize,
}

impl Allocator {
    pub(crate) const fn new() -> Self {
        Self { start: AtomicUsize::new(0), end: AtomicUsize::new(0), next: AtomicUsize::new(0) }
    }

    /// Takes all memory from the arena from now on, and gives none back. Without the address space for one
    /// nothing changes.
    pub(crate) fn open_arena(&self) {
        // SAFETY: a new private mapping, which nobody else knows; the advice is only advice.
        let base = unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            let base = libc::mmap(ptr::null_mut(), RESERVED, access, kind, -1, 0);
            if base == libc::MAP_FAILED {
                return;
            }
            libc::madvise(base, RESERVED, libc::MADV_HUGEPAGE);
            base as usize
        };
        self.next.store(base, Ordering::Relaxed);
        self.start.store(base, Ordering::Relaxed);
        self.end.store(base + RESERVED, Ordering::Release);
    }

    /// Takes a piece of the arena; `None` when it is closed or full.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let end = self.end.load(Ordering::Acquire);
        if end == 0 {
            return None;
        }
        let mut next = self.next.load(Ordering::Relaxed);
        loop {
            let at = next.checked_next_multiple_of(layout.align())?;
            let after = at.checked_add(layout.size()).filter(|after| *after <= end)?;
            match self.next.compare_exchange_weak(next, after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(ptr::with_exposed_provenance_mut(at)),
                Err(other) => next = other,
            }
        }
    }

    fn holds(&self, piece: *mut u8) -> bool {
        let at = piece as usize;
        at < self.end.load(Ordering::Acquire) && at >= self.start.load(Ordering::Relaxed)
    }
}

// SAFETY: pieces of the arena do not overlap (`next` only grows, by compare and exchange), lie inside of a mapping
// that is never undone, and are aligned; pages of a new mapping are zero and no byte is given out twice, so zeroed
// pieces need no writing. Everything else is the system allocator's, which gets back only what it gave.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system's.
        self.take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        self.take(layout).unwrap_or_else(|| unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if !self.holds(piece) {
            // SAFETY: not from the arena, so from the system.
            unsafe { System.dealloc(piece, layout) }
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !self.holds(piece) {
            // SAFETY: not from the arena, so from the system.
            return unsafe { System.realloc(piece, layout, size) };
        }
        if size <= layout.size() {
            return piece;
        }
        // The newest piece grows where it is, which is what a text does that is being read.
        let (at, end) = (piece as usize, self.end.load(Ordering::Acquire));
        let (last, grown) = (at + layout.size(), at.saturating_add(size));
        let is_room = grown <= end;
        if is_room && self.next.compare_exchange(last, grown, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return piece;
        }
        // SAFETY: the new piece is as large as asked or null; the old one is readable for its own size, which is
        // less, and the two do not overlap.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(piece, moved, layout.size());
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_apart_aligned_and_kept() {
        let allocator = Allocator::new();
        let layout = Layout::from_size_align(24, 8).expect("a small layout");
        // SAFETY: layouts are not empty, pieces are used within their sizes and given back with their layouts.
        unsafe {
            let before = allocator.alloc(layout);
            allocator.open_arena();
            let first = allocator.alloc(layout);
            let wide = allocator.alloc_zeroed(Layout::from_size_align(100, 64).expect("a small layout"));
            assert!(allocator.holds(first) && allocator.holds(wide) && !allocator.holds(before));
            assert_eq!(wide as usize % 64, 0);
            assert!(wide as usize >= first as usize + 24);
            assert!((0..100).all(|at| *wide.add(at) == 0));
            first.write_bytes(7, 24);
            let grown = allocator.realloc(first, layout, 48);
            assert!((0..24).all(|at| *grown.add(at) == 7));
            assert_ne!(grown, first);
            let larger = Layout::from_size_align(48, 8).expect("a small layout");
            let longer = allocator.realloc(grown, larger, 4096);
            assert_eq!(longer, grown, "the newest piece grows in its place");
            let huge = Layout::from_size_align(RESERVED, 8).expect("a large layout");
            assert!(allocator.take(huge).is_none());
            allocator.dealloc(before, layout);
            allocator.dealloc(first, layout);
            assert!(allocator.take(layout) > Some(longer));
        }
    }
}
