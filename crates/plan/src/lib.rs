//! Door of the room.
