      * Addresses: one record for each role.
       01  ADRES-REC.
           05  ABON-NR             PIC 9(9).
           05  ROLA                PIC X.
               88  ZAMELDOWANIA            VALUE 'Z'.
               88  INSTALACJI              VALUE 'I'.
               88  KORESPONDENCJI          VALUE 'K'.
           05  ULICA               PIC X(40).
           05  NR-DOMU             PIC X(12).
           05  KOD-POCZT           PIC X(6).
           05  MIEJSCOWOSC         PIC X(30).
           05  POCZTA              PIC X(30).
