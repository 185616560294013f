"""Who is told what a core does: loggers of the standard library, and OpenTelemetry if it is asked for."""
