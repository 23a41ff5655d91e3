"""Files of other systems, at the speed of COPY: jobs, their rows, and what was refused."""
