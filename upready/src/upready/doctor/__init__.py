"""What is wrong with this machine or this project, before anything is started."""
