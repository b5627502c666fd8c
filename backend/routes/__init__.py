"""HTTP: handlers are hallways. A route loads a schema, calls one service function, dumps a schema."""
